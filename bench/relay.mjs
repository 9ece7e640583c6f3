// Goal P11: events through each sink, on real brokers, beside commits of one row to the same PostgreSQL; and how long after its
// commit an event is delivered.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { kafka, rabbitmq, together } from '../test/support/brokers.mjs';
import { readKafka, readRabbitmq } from '../test/support/messages.ts';
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { median, percentile, round } from './support/figures.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';

const USERS = count('BENCH_USERS', 5000, 600);
const COMMIT_SECONDS = QUICK ? 1 : 2;
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const PER_SECOND = 200;
const SECONDS = count('BENCH_SECONDS', 12, 2);
const GOAL_MS = 50;
const NAME = `bench-${Date.now()}`;

export async function run() {
  const [cluster, rabbit] = await together(kafka(), rabbitmq());
  const ground = await startGround({ BCRYPT_COST: '4' });
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  const readers = {};
  try {
    await ground.seed(USERS);
    await client.connect();
    await client.query(
      'CREATE TABLE bench_commits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, position bigint)',
    );
    readers.rabbitmq = await readRabbitmq(rabbit.url, NAME);
    await ground.serve({
      ...{ KAFKA_BROKERS: cluster.brokers, KAFKA_TOPIC: NAME, AMQP_URL: rabbit.url, AMQP_EXCHANGE: NAME },
      ...{ PUBLIC_URL: 'http://localhost:3000', LOG_LEVEL: 'warn' },
    });
    const events = await positions(client);
    const seen = { kafka: [], rabbitmq: [], commits: [] };
    for (let number = 0; number < ROUNDS; number++) {
      seen.commits.push(await commits(client));
      for (const sink of ['kafka', 'rabbitmq']) seen[sink].push(await sendAll(client, sink, events));
    }
    readers.kafka = await readKafka(cluster.brokers, NAME);
    for (const reader of Object.values(readers)) await caughtUp(reader);
    return report({ events, ...seen, delays: await delays(client, readers) });
  } finally {
    for (const reader of Object.values(readers)) await reader.close();
    await client.end();
    await ground.stop();
    await Promise.all([cluster.remove(), rabbit.remove()]);
  }
}

/** @returns how many events there are, once each has its position */
async function positions(client) {
  for (;;) {
    const { rows } = await client.query(
      'SELECT (SELECT count(*) FROM event_outbox) AS waiting, (SELECT max(position) FROM event_positions) AS latest',
    );
    if (Number(rows[0].waiting) === 0) return Number(rows[0].latest);
    await sleep(100);
  }
}

/** What was sent before must not stand before what is timed. */
async function caughtUp({ received }) {
  for (let before = -1; before !== received.length;) {
    before = received.length;
    await sleep(1000);
  }
}

/** One connection, one row a commit, as fast as it goes. @returns commits per second */
async function commits(client) {
  const statement = { name: 'commit', text: 'INSERT INTO bench_commits (position) VALUES ($1)' };
  const begin = performance.now();
  let count = 0;
  while (performance.now() - begin < COMMIT_SECONDS * 1000) await client.query({ ...statement, values: [count++] });
  return (count * 1000) / (performance.now() - begin);
}

/** Sends everything again. @returns events per second */
async function sendAll(client, sink, events) {
  const positionOf = async () => {
    const { rows } = await client.query('SELECT position FROM relay_cursors WHERE sink = $1', [sink]);
    return Number(rows[0].position);
  };
  while ((await positionOf()) < events) await sleep(50);
  await client.query('UPDATE relay_cursors SET position = 0 WHERE sink = $1', [sink]);
  // The relay looks once a second.
  while ((await positionOf()) === 0) await sleep(2);
  const [begin, first] = [performance.now(), await positionOf()];
  for (;;) {
    const position = await positionOf();
    if (position >= events) return ((position - first) * 1000) / (performance.now() - begin);
    await sleep(10);
  }
}

/** Commits events at a fixed rate, as another server does, and times each until a consumer has it. */
async function delays(client, readers) {
  const committed = new Map();
  const begin = performance.now() + 20;
  const insert = {
    name: 'event',
    text: `INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
      SELECT gen_random_uuid(), gen_random_uuid(), 1, 'user.suspended', 1, '{"kind":"system"}', 'bench', clock_timestamp(),
        '{"reason":null}', (SELECT id FROM keys WHERE purpose = 'event-chain' LIMIT 1), '\\x00' RETURNING id`,
  };
  const open = [];
  for (let index = 0; index < PER_SECOND * SECONDS; index++) {
    const early = begin + (index * 1000) / PER_SECOND - performance.now();
    if (early > 0) await sleep(early);
    const { rows } = await client.query(insert);
    committed.set(rows[0].id, performance.now());
    open.push(client.query("SELECT pg_notify('roster_event_outbox', '')"));
  }
  await Promise.all(open);
  await sleep(2000);
  const times = {};
  for (const [sink, { received }] of Object.entries(readers)) {
    const ms = received.flatMap(({ event, at }) => (committed.has(event.id) ? [at - committed.get(event.id)] : []));
    times[sink] = { p50: round(percentile(ms, 0.5)), p99: round(percentile(ms, 0.99)), delivered: ms.length };
  }
  return { ...times, committed: committed.size };
}

function report({ events, commits: reference, delays: delivered, ...sinks }) {
  const perCommit = round(median(reference), 0);
  const figures = Object.fromEntries(
    Object.entries(sinks).map(([sink, rates]) => {
      const ratios = rates.map((rate, index) => rate / reference[index]);
      return [sink, { perSecond: round(median(rates), 0), ratio: round(median(ratios)), ...delivered[sink] }];
    }),
  );
  const line = ([sink, { perSecond, ratio, p50, p99, delivered: count }]) =>
    `${sink}: ${perSecond} events/s, ${ratio} times the commits; at ${PER_SECOND} events/s delivered after p50 ${p50}, p99 ${p99} ms ` +
    `(${count} of ${delivered.committed})`;
  const summary =
    `${events} events, ${ROUNDS} rounds; beside them ${perCommit} commits of one row a second (goals: ratio 1, p99 ${GOAL_MS} ms).\n` +
    Object.entries(figures).map(line).join('\n');
  const bars = (field) => Object.entries(figures).map(([label, values]) => ({ label, value: values[field] }));
  const chart = barChart('Events to brokers', [
    {
      title: 'Rate',
      unit: '1/s',
      goal: perCommit,
      bars: [...bars('perSecond'), { label: 'commits of one row', value: perCommit }],
    },
    { title: `Commit to delivery at ${PER_SECOND}/s, p99`, unit: 'ms', goal: GOAL_MS, bars: bars('p99') },
  ]);
  const rows = ['kafka', 'rabbitmq'].flatMap((sink) => [
    row(
      'P11',
      sink,
      sinks[sink].map((rate, index) => rate / reference[index]),
    ),
    row('P11', `${sink}P99`, delivered[sink].p99),
  ]);
  return {
    summary,
    rows,
    given: { events, rounds: ROUNDS, perSecond: PER_SECOND, seconds: SECONDS },
    perCommit,
    ...figures,
    chart,
  };
}
