// Goal P7: how long another server lets somebody in who signed out here, under full read load: as it is, with the connection
// for hints silently cut, and with the whole database out of reach.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { barChart } from './support/bars.mjs';
import { percentile, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { startGround } from './support/servers.mjs';
import { silentProxy } from './support/silent-proxy.mjs';

const SAMPLES = Number(process.env.BENCH_SAMPLES ?? 200);
const READERS = 16;
const GOAL_MS = 100;
const PERSON = { identifier: 'admin@localhost', password: 'measured nine times over' };

export async function run() {
  const ground = await startGround();
  const hints = await silentProxy(ground.databaseUrl);
  const database = await silentProxy(ground.databaseUrl);
  try {
    const settings = { BCRYPT_COST: '4', PUBLIC_URL: 'http://localhost:3000' };
    const here = await ground.serve(settings);
    const there = await ground.serve({ ...settings, DATABASE_URL: database.url, DATABASE_DIRECT_URL: hints.url });
    const seen = {};
    seen.asItIs = await measure(here, there);
    hints.fallSilent();
    seen.withoutHints = await measure(here, there);
    seen.withoutDatabase = await withoutDatabase(here, there, () => database.fallSilent());
    return report(seen);
  } finally {
    hints.stop();
    database.stop();
    await ground.stop();
  }
}

async function signIn({ url }) {
  const { status, text } = await postJson(`${url}/auth/login`, PERSON);
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  return { authorization: `Bearer ${JSON.parse(text).accessToken}` };
}

const read = async ({ url }, headers) => (await call(`${url}/users/me`, { headers })).status;

async function measure(here, there) {
  const reader = await signIn(here);
  let going = true;
  let reads = 0;
  const begin = performance.now();
  const readers = Array.from({ length: READERS }, async () => {
    while (going) {
      if ((await read(there, reader)) !== 200) throw new Error('A reader was refused');
      reads++;
    }
  });
  const lags = [];
  for (let sample = 0; sample < SAMPLES; sample++) lags.push(await lag(here, there));
  going = false;
  await Promise.all(readers);
  const perSecond = reads / ((performance.now() - begin) / 1000);
  const times = { p50: percentile(lags, 0.5), p99: percentile(lags, 0.99), longest: Math.max(...lags) };
  return {
    ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, round(ms)])),
    reads: round(perSecond, 0),
  };
}

/** @returns milliseconds from the answer to a logout here until the last request was sent that was still let in there */
async function lag(here, there) {
  const headers = await signIn(here);
  for (let warm = 0; warm < 2; warm++) if ((await read(there, headers)) !== 200) throw new Error('Not signed in');
  // At any moment between two looks at the table.
  await sleep(Math.random() * 50);
  await call(`${here.url}/auth/logout`, { method: 'POST', headers });
  const ended = performance.now();
  for (let last = 0; ;) {
    const sent = performance.now();
    if ((await read(there, headers)) !== 200) return last;
    last = sent - ended;
  }
}

/** What a server answers that cannot reach its database, from 100 ms after it could for the last time. */
async function withoutDatabase(here, there, cut) {
  const headers = await signIn(here);
  if ((await read(there, headers)) !== 200) throw new Error('Not signed in');
  cut();
  await sleep(GOAL_MS);
  const answers = await Promise.all(Array.from({ length: 50 }, () => read(there, headers)));
  return { answered: answers.length, letIn: answers.filter((status) => status !== 503).length };
}

function report(seen) {
  const { asItIs, withoutHints, withoutDatabase: cut } = seen;
  const line = ({ p50, p99, longest, reads }) =>
    `p50 ${p50}, p99 ${p99}, longest ${longest} ms beside ${reads} reads/s`;
  const summary =
    `${SAMPLES} logouts here, until the other server lets nobody in (goal: p99 ${GOAL_MS} ms).\n` +
    `As it is: ${line(asItIs)}.\nConnection for hints silently cut: ${line(withoutHints)}.\n` +
    `Database out of reach: ${cut.letIn} of ${cut.answered} requests were not refused (goal: 0).`;
  const bars = [
    { label: 'as it is', value: asItIs.p99 },
    { label: 'hints silently cut', value: withoutHints.p99 },
  ];
  const chart = barChart('A logout on another server', [{ title: 'Seen after, p99', unit: 'ms', goal: GOAL_MS, bars }]);
  return { summary, given: { samples: SAMPLES, readers: READERS }, ...seen, chart };
}
