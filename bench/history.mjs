// Goal P10: a page of a user's history among ten million events, beside one among a hundred thousand.
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { count, QUICK, ROUNDS } from './support/counts.mjs';
import { median, round } from './support/figures.mjs';
import { groundOfSize } from './support/ground-of-size.mjs';
import { call } from './support/load.mjs';
import { row } from './support/rows.mjs';
import { withoutIndexes } from './support/without-indexes.mjs';

const USERS = count('BENCH_USERS', 1_000_000, 10_000);
const EVENTS = count('BENCH_EVENTS', 10_000_000, 60_000);
/** Which have some hundred thousand events. */
const FEW = QUICK ? 1000 : 23_000;
const PAGES = QUICK ? 100 : 400;
const BATCH = 500_000;

export async function run() {
  const grounds = [];
  try {
    for (const [users, events] of [
      [FEW, 0],
      [USERS, EVENTS],
    ]) {
      const ground = await groundOfSize(users, { greatest: users === USERS });
      grounds.push(ground);
      ground.paths = await prepare(ground, events);
    }
    return report(await compare(...grounds), grounds);
  } finally {
    for (const ground of grounds) await ground.stop();
  }
}

/** @returns histories of users who have many events */
async function prepare(ground, events) {
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT user_id FROM user_events WHERE user_id IN (SELECT id FROM users WHERE deleted_at IS NULL)
       GROUP BY user_id ORDER BY count(*) DESC LIMIT $1`,
      [PAGES],
    );
    ground.events = await fillUp(ground, client, events);
    return rows.map(({ user_id: id }) => `/users/${id}/history`);
  } finally {
    await client.end();
  }
}

/** Adds events like those that there are, of users who are not there, up to `wanted`. @returns how many there are */
async function fillUp(ground, client, wanted) {
  const countAll = async () => Number((await client.query('SELECT count(*) FROM user_events')).rows[0].count);
  const there = await countAll();
  if (there >= wanted) return there;
  console.log(`${there} events; ${wanted - there} more are added`);
  const insert = async () => {
    for (let added = 0, turn = 0; there + added < wanted; turn++)
      added += await insertLike(client, there, turn, wanted - there - added);
  };
  // Consumers are not what is measured: nothing goes into the outbox.
  await ground.fill(async () => {
    await client.query('ALTER TABLE user_events DISABLE TRIGGER user_events_outbox');
    await withoutIndexes(client, 'user_events', insert);
    await client.query('ALTER TABLE user_events ENABLE TRIGGER user_events_outbox');
    await client.query('VACUUM ANALYZE user_events');
  });
  return countAll();
}

async function insertLike(client, there, turn, missing) {
  const of = Math.min(BATCH, there, missing);
  const { rowCount } = await client.query(
    `INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, personal,
       previous_hash, key_id, hash)
     SELECT uuidv7(), md5(user_id::text || $1)::uuid, user_version, type, schema_version, actor, trace_id, occurred_at, data,
       personal, previous_hash, key_id, hash FROM user_events OFFSET $2 LIMIT $3`,
    [String(turn), Math.max(0, Math.min((turn * BATCH) % there, there - of)), of],
  );
  return rowCount;
}

async function compare(few, many) {
  const rounds = [];
  for (let index = 0; index <= ROUNDS; index++) {
    const seen = { few: [], many: [] };
    for (let page = 0; page < PAGES; page++) {
      seen.few.push(await read(few, page));
      seen.many.push(await read(many, page));
    }
    // The first one warms up.
    if (index === 0) continue;
    rounds.push({ few: median(seen.few), many: median(seen.many) });
    console.log(`${index}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
  }
  return rounds;
}

async function read({ server, authorization, paths }, page) {
  const begin = performance.now();
  const path = paths[page % paths.length];
  const { status, text } = await call(`${server.url}${path}`, { headers: { authorization } });
  const ms = performance.now() - begin;
  if (status !== 200) throw new Error(`A history failed: ${status} ${text}`);
  return ms;
}

function report(rounds, [few, many]) {
  const rows = [
    row(
      'P10',
      'size',
      rounds.map((seen) => seen.many / seen.few),
    ),
  ];
  const ms = {
    few: round(median(rounds.map((seen) => seen.few))),
    many: round(median(rounds.map((seen) => seen.many))),
  };
  const summary =
    `GET /users/{id}/history, one request after the other; medians of ${ROUNDS} rounds of ${PAGES}.\n` +
    `Among ${few.events} events ${ms.few} ms, among ${many.events} ${ms.many} ms.`;
  const chart = barChart('History of a user', [
    {
      title: 'A page',
      unit: 'ms',
      bars: [
        { label: `${few.events} events`, value: ms.few },
        { label: `${many.events} events`, value: ms.many },
      ],
    },
  ]);
  const given = { rounds: ROUNDS, pages: PAGES, events: { few: few.events, many: many.events } };
  return { summary, given, rows, ms, rounds, chart };
}
