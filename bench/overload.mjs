// Goal P3: sign-ins arrive at five times what the cores can hash, whatever the answers, beside reads at a fixed rate; each from a process
// of its own. What cannot be hashed in time is refused at once, and who is signed in does not notice.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { mediansOf, round } from './support/figures.mjs';
import { postJson } from './support/load.mjs';
import { seedPeople } from './support/people.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';

const SUPPORT = join(import.meta.dirname, 'support');
const COST = 12;
const TIMES = 5;
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const READS_PER_SECOND = 100;
const PEOPLE = 100;
const SECONDS = QUICK ? { idle: 1, raw: 2, loaded: 5, warmUp: 2 } : { idle: 3, raw: 4, loaded: 10, warmUp: 3 };
const GOAL_MS = 20;

export async function run() {
  const ground = await startGround({ BCRYPT_COST: String(COST), LOG_LEVEL: 'info' });
  const children = [];
  const arrivals = () => {
    const child = fork(join(SUPPORT, 'arrivals.mjs'));
    children.push(child);
    return async (what) => {
      child.send({ seconds: SECONDS.loaded, warmUpSeconds: SECONDS.warmUp, ...what });
      return (await once(child, 'message'))[0];
    };
  };
  try {
    const people = await seedPeople(ground, PEOPLE);
    const { url } = await ground.serve();
    const { status, text } = await postJson(`${url}/auth/login`, people[0]);
    if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
    const authorization = `Bearer ${JSON.parse(text).accessToken}`;
    const signIns = people.map((person) => ({
      url: `${url}/auth/login`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(person),
    }));
    const reads = [{ url: `${url}/users/me`, headers: { authorization } }];
    const [sendSignIns, sendReads] = [arrivals(), arrivals()];
    const rounds = [];
    for (let index = 1; index <= ROUNDS; index++) {
      const raw = await rawBcrypt(SECONDS.raw);
      const idle = await sendReads({
        requests: reads,
        perSecond: READS_PER_SECOND,
        seconds: SECONDS.idle,
        warmUpSeconds: 0,
      });
      const [logins, beside] = await Promise.all([
        sendSignIns({ requests: signIns, perSecond: TIMES * raw }),
        sendReads({ requests: reads, perSecond: READS_PER_SECOND }),
      ]);
      rounds.push(figuresOf({ raw, idle, logins, beside }));
      console.log(`${index}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    for (const child of children) child.disconnect();
    await ground.stop();
  }
}

function figuresOf({ raw, idle, logins, beside }) {
  const signedIn = logins[200]?.count ?? 0;
  const refused = logins[503];
  const others = Object.entries(logins).filter(([status]) => !['200', '503'].includes(status));
  if (!refused || others.length > 0) throw new Error(`Not only signed in and refused: ${JSON.stringify(logins)}`);
  if (Object.keys(beside).join() !== '200') throw new Error(`Reads failed: ${JSON.stringify(beside)}`);
  return {
    raw: round(raw),
    arrived: round((signedIn + refused.count) / SECONDS.loaded),
    signedIn: round(signedIn / SECONDS.loaded),
    refusedP50: refused.p50,
    refusedP99: refused.p99,
    readP50: beside[200].p50,
    readP99: beside[200].p99,
    readLongest: beside[200].longest,
    idleP99: idle[200].p99,
  };
}

/** Hashes a second on all cores together. */
async function rawBcrypt(seconds) {
  const each = Array.from({ length: availableParallelism() }, async () => {
    const [{ perSecond }] = await once(fork(join(SUPPORT, 'raw-bcrypt.mjs'), [COST, seconds]), 'message');
    return perSecond;
  });
  return (await Promise.all(each)).reduce((sum, perSecond) => sum + perSecond, 0);
}

function report(rounds) {
  const medians = mediansOf(rounds);
  const rows = [
    row(
      'P3',
      'refused',
      rounds.map(({ refusedP99 }) => refusedP99),
    ),
    row(
      'P3',
      'read',
      rounds.map(({ readP99 }) => readP99),
    ),
  ];
  const summary =
    `${medians.arrived} sign-ins a second arrive where the cores hash ${medians.raw} (bcrypt of cost ${COST}); medians of ${ROUNDS} rounds of ${SECONDS.loaded} s.\n` +
    `${medians.signedIn} a second get in; a refusal takes p50 ${medians.refusedP50}, p99 ${medians.refusedP99} ms.\n` +
    `${READS_PER_SECOND} GET /users/me a second beside it: p50 ${medians.readP50}, p99 ${medians.readP99} ms; with nobody else p99 ${medians.idleP99}.`;
  const chart = barChart(`Sign-ins at ${TIMES} times what the cores can hash`, [
    {
      title: 'A refused sign-in, p99',
      unit: 'ms',
      goal: GOAL_MS,
      bars: [{ label: 'Roster', value: medians.refusedP99 }],
    },
    {
      title: 'GET /users/me, p99',
      unit: 'ms',
      goal: GOAL_MS,
      bars: [
        { label: 'nobody signs in', value: medians.idleP99 },
        { label: 'overload', value: medians.readP99 },
      ],
    },
  ]);
  const given = { rounds: ROUNDS, cost: COST, times: TIMES, readsPerSecond: READS_PER_SECOND, seconds: SECONDS };
  return { summary, given, rows, medians, rounds, chart };
}
