// Goal P14: memory of a server and the processes that it begins, what they share counted once (PSS): idle, after people signed in, read
// and leafed through the list, and a minute later.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { row } from './support/rows.mjs';
import { PRODUCTION, startGround } from './support/servers.mjs';
import { memoryAlone, memoryByProcess, memoryOf } from './support/tree.mjs';

const SIGN_INS = count('BENCH_SAMPLES', 10_000, 400);
const READS = SIGN_INS * 10;
const PAGES = QUICK ? 95 : 950;
const LIMIT = 10;
const PEOPLE = 100;
const AT_ONCE = 16;
/** The engine gives memory back only after a while without work. */
const SETTLE_MS = QUICK ? 11_000 : 20_000;
const LATER_MS = QUICK ? 12_000 : 60_000;
const GOALS = { idle: 100, after: 200, later: 120 };

export async function run() {
  // Hashes are not what is measured, and production refuses cheap ones.
  const cheap = { NODE_ENV: 'development', BCRYPT_COST: '4', HASH_NICE: '0' };
  const ground = await startGround({ ...PRODUCTION, ...cheap });
  try {
    const people = await makePeople(ground);
    // Makes the schema and the first admin.
    await (await ground.serve()).stop();
    const server = await ground.serve();
    await sleep(SETTLE_MS);
    const seen = { idle: memoryNow(server, 'idle') };
    const admin = (await ground.command('token', '--user', PRODUCTION.ADMIN_EMAIL)).trim();
    await walk(server, admin);
    seen.afterList = memoryNow(server, `after ${PAGES} pages of the list`);
    const tokens = await signInAll(server, people);
    seen.afterSignIns = memoryNow(server, `after ${SIGN_INS} sign-ins`);
    await readAll(server, tokens);
    seen.after = memoryNow(server, `after ${READS} reads`);
    await sleep(LATER_MS);
    seen.later = memoryNow(server, `${LATER_MS / 1000} s later`);
    return report(seen);
  } finally {
    await ground.stop();
  }
}

/** As many users as the walk has pages. @returns some, who share a password; a few of them may not sign in */
async function makePeople(ground) {
  const printed = await ground.seed(PAGES * LIMIT + 100);
  const password = /Their password: (\S+)/.exec(printed)?.[1];
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  const { rows } = await client.query(
    "SELECT email FROM users JOIN password_credentials ON user_id = users.id WHERE role = 'AUTHENTICATED' LIMIT $1",
    [PEOPLE],
  );
  await client.end();
  return rows.map(({ email }) => ({ email, password }));
}

function memoryNow({ pid }, when) {
  const seen = {
    MiB: round(memoryOf([pid]), 1),
    processes: memoryByProcess([pid]).map((one) => round(one, 1)),
    alone: round(memoryAlone([pid]), 1),
  };
  console.log(
    `${seen.MiB} MiB ${when}, of ${seen.processes.join(' + ')}; ${seen.alone} if nothing else ran Node.js here`,
  );
  return seen;
}

/** From page to page, as somebody who reads all of it. */
async function walk(server, token) {
  let cursor = '';
  for (let page = 1; page <= PAGES; page++) {
    const { page: at } = await get(server, `/users?limit=${LIMIT}${cursor}`, token);
    cursor = `&cursor=${encodeURIComponent(at.nextCursor)}`;
  }
}

/** @returns access tokens of the newest sessions */
async function signInAll({ url }, people) {
  const signIn = (person) => postJson(`${url}/auth/login`, person);
  const able = [];
  for (const person of people) if ((await signIn(person)).status === 200) able.push(person);
  if (able.length < PEOPLE / 2) throw new Error(`Only ${able.length} of ${PEOPLE} can sign in`);
  const tokens = [];
  await inParallel(SIGN_INS, async (index) => {
    const { status, text } = await signIn(able[index % able.length]);
    if (status !== 200) throw new Error(`A sign-in failed: ${status} ${text}`);
    tokens.push(JSON.parse(text).accessToken);
  });
  // Nobody has more than 100 sessions: the oldest have ended.
  return tokens.slice(-10 * able.length);
}

const readAll = (server, tokens) =>
  inParallel(READS, (index) => get(server, '/users/me', tokens[index % tokens.length]));

async function get({ url }, path, token) {
  const { status, text } = await call(url + path, { headers: { authorization: `Bearer ${token}` } });
  if (status !== 200) throw new Error(`A read failed: ${status} ${text}`);
  return JSON.parse(text);
}

async function inParallel(times, work) {
  let begun = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < times) await work(begun++);
    }),
  );
}

function report(seen) {
  const { idle, after, later } = seen;
  const summary =
    `${idle.MiB} MiB (PSS of all processes) ${SETTLE_MS / 1000} s after the start (goal ${GOALS.idle}); after ${PAGES} pages of the list, ` +
    `${SIGN_INS} sign-ins and ${READS} reads ${after.MiB} in ${after.processes.length} processes (goal ${GOALS.after}); ` +
    `${LATER_MS / 1000} s later ${later.MiB} in ${later.processes.length} (goal ${GOALS.later}).\n` +
    `If nothing else on the machine ran the same Node.js, whose code this measurement shares with it: ` +
    `${idle.alone}, ${after.alone} and ${later.alone} MiB.`;
  const chart = barChart('Memory of all processes', [
    {
      title: 'PSS',
      unit: 'MiB',
      goal: GOALS.after,
      bars: [
        { label: 'idle', value: idle.MiB },
        { label: `after ${PAGES} list pages`, value: seen.afterList.MiB },
        { label: `and ${SIGN_INS} sign-ins`, value: seen.afterSignIns.MiB },
        { label: `and ${READS} reads`, value: after.MiB },
        { label: `${LATER_MS / 1000} s later`, value: later.MiB },
      ],
    },
  ]);
  const rows = [row('P14', 'idle', idle.MiB), row('P14', 'after', after.MiB), row('P14', 'later', later.MiB)];
  const given = { signIns: SIGN_INS, reads: READS, pages: PAGES, limit: LIMIT, settleMs: SETTLE_MS, laterMs: LATER_MS };
  return { summary, given, rows, ...seen, chart };
}
