// Goals P14 and P15: memory of a server that does nothing, and that knows 10,000 sessions; and how soon a started one is ready.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { median, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { PRODUCTION, startGround } from './support/servers.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SESSIONS = Number(process.env.BENCH_SAMPLES ?? 10_000);
const PER_USER = 100;
const AT_ONCE = 16;
/** The engine gives memory back only after a while without work. */
const SETTLE_MS = 20_000;
const GOALS = { idle: 130, more: 10, startMs: 1000 };

export async function run() {
  // Hashes are not what is measured, and production refuses cheap ones.
  const cheap = { NODE_ENV: 'development', BCRYPT_COST: '4', HASH_NICE: '0' };
  const ground = await startGround({ ...PRODUCTION, ...cheap });
  try {
    await (await ground.serve()).stop();
    const people = await makePeople(ground);
    const starts = [];
    for (let index = 0; index < ROUNDS; index++) {
      const server = await ground.serve();
      starts.push(round(server.startMs, 0));
      console.log(`${index + 1}/${ROUNDS} ready after ${starts.at(-1)} ms`);
      await server.stop();
    }
    const server = await ground.serve();
    await sleep(SETTLE_MS);
    const idle = memoryOf(server.pid);
    console.log(`${idle} MB idle; ${SESSIONS} sign-ins follow`);
    const workers = await signInAll(server, people);
    await sleep(SETTLE_MS);
    const after = memoryOf(server.pid);
    return report({ starts, idle, after, workers });
  } finally {
    await ground.stop();
  }
}

/** As many users as the sessions need, who share a password. */
async function makePeople(ground) {
  const printed = await ground.command('seed', '--users', String(Math.ceil(SESSIONS / PER_USER) + 20));
  const password = /Their password: (\S+)/.exec(printed)?.[1];
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  const { rows } = await client.query("SELECT email FROM users WHERE role = 'AUTHENTICATED' LIMIT $1", [
    Math.ceil(SESSIONS / PER_USER),
  ]);
  await client.end();
  return rows.map(({ email }) => ({ email, password }));
}

/** Each session signs in and reads once. @returns MB of each of the processes that hash */
async function signInAll({ url, pid }, people) {
  let begun = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < SESSIONS) {
        const { status, text } = await postJson(`${url}/auth/login`, people[begun++ % people.length]);
        if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
        const authorization = `Bearer ${JSON.parse(text).accessToken}`;
        const read = await call(`${url}/users/me`, { headers: { authorization } });
        if (read.status !== 200) throw new Error(`A read failed: ${read.status} ${read.text}`);
      }
    }),
  );
  return childrenOf(pid).map(memoryOf);
}

/** MB of resident memory (proc(5), VmRSS). */
function memoryOf(pid) {
  return round(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000, 1);
}

function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}

function report({ starts, idle, after, workers }) {
  const more = round(after - idle, 1);
  const startMs = median(starts);
  const summary =
    `${idle} MB resident after ${SETTLE_MS / 1000} s of nothing (goal ${GOALS.idle}); ` +
    `after ${SESSIONS} sessions, each of which signed in and read, ${after}: ${more} more (goal ${GOALS.more}).\n` +
    `Beside it, while there is something to hash, ${workers.length} processes of ${workers.join(' and ')} MB.\n` +
    `Ready ${startMs} ms after its start, of ${starts.join(', ')} (goal ${GOALS.startMs}; the database is up and migrated).`;
  const chart = barChart('What a server takes', [
    {
      title: 'Resident memory',
      unit: 'MB',
      goal: GOALS.idle,
      bars: [
        { label: 'idle', value: idle },
        { label: `after ${SESSIONS} sessions`, value: after },
      ],
    },
    { title: 'From start to ready', unit: 'ms', goal: GOALS.startMs, bars: [{ label: 'Roster', value: startMs }] },
  ]);
  return {
    summary,
    given: { rounds: ROUNDS, sessions: SESSIONS, settleMs: SETTLE_MS },
    idle,
    after,
    more,
    workers,
    starts,
    chart,
  };
}
