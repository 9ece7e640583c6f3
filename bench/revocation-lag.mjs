// Goal P7: how long another server lets somebody in who signed out, was suspended, deleted or given another role here, under full
// read load: as it is, with the connection for hints silently cut, and with the whole database out of reach.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { barChart } from './support/bars.mjs';
import { count } from './support/counts.mjs';
import { percentile, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';
import { silentProxy } from './support/silent-proxy.mjs';

const SAMPLES = count('BENCH_SAMPLES', 150, 20);
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

async function signIn({ url }, person = PERSON) {
  const { status, text } = await postJson(`${url}/auth/login`, person);
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
  const admin = await signIn(here);
  const acts = Object.values(ACTS);
  const lags = [];
  for (let sample = 0; sample < SAMPLES; sample++) lags.push(await lag(here, there, admin, acts[sample % acts.length]));
  going = false;
  await Promise.all(readers);
  const perSecond = reads / ((performance.now() - begin) / 1000);
  const times = { p50: percentile(lags, 0.5), p99: percentile(lags, 0.99), longest: Math.max(...lags) };
  return {
    ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, round(ms)])),
    reads: round(perSecond, 0),
  };
}

/** What ends what somebody may do, and whether the other server still lets them do what they may not any more. */
const ACTS = {
  logout: { act: (here, person) => send(here, 'POST', '/auth/logout', person.headers) },
  suspension: { act: (here, { id }, admin) => send(here, 'POST', `/users/${id}/suspend`, admin) },
  deletion: { act: (here, { id }, admin) => send(here, 'DELETE', `/users/${id}`, admin) },
  'another role': {
    role: 'MANAGER',
    path: '/users?limit=1',
    act: (here, { id }, admin) => send(here, 'PUT', `/users/${id}/role`, admin, { role: 'AUTHENTICATED' }),
  },
};
let people = 0;

/** @returns milliseconds from the answer to an act here until the last request was sent that was still let in there */
async function lag(here, there, admin, { act, path = '/users/me', role = 'AUTHENTICATED' }) {
  const email = `person${people++}@example.com`;
  const password = PERSON.password;
  const { id } = JSON.parse(await send(here, 'POST', '/users', admin, { email, password, role }));
  const person = { id, headers: await signIn(here, { identifier: email, password }) };
  const isLetIn = async () => (await call(`${there.url}${path}`, { headers: person.headers })).status === 200;
  for (let warm = 0; warm < 2; warm++) if (!(await isLetIn())) throw new Error('Not let in before');
  // At any moment between two looks at the table.
  await sleep(Math.random() * 50);
  await act(here, person, admin);
  const ended = performance.now();
  for (let last = 0; ;) {
    const sent = performance.now();
    if (!(await isLetIn())) return last;
    last = sent - ended;
  }
}

async function send({ url }, method, path, headers, value) {
  const json = value && { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(value) };
  const { status, text } = await call(`${url}${path}`, { method, headers, ...json });
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text;
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
    `${SAMPLES} logouts, suspensions, deletions and changes of role here in turn, until the other server knows (goal: p99 ${GOAL_MS} ms).\n` +
    `As it is: ${line(asItIs)}.\nConnection for hints silently cut: ${line(withoutHints)}.\n` +
    `Database out of reach: ${cut.letIn} of ${cut.answered} requests were not refused (goal: 0).`;
  const bars = [
    { label: 'as it is', value: asItIs.p99 },
    { label: 'hints silently cut', value: withoutHints.p99 },
  ];
  const chart = barChart('An end of a session or role, on another server', [
    { title: 'Seen after, p99', unit: 'ms', goal: GOAL_MS, bars },
  ]);
  const rows = [row('P7', 'p99', asItIs.p99), row('P7', 'cut', withoutHints.p99), row('P7', 'letIn', cut.letIn)];
  return { summary, given: { samples: SAMPLES, readers: READERS }, rows, ...seen, chart };
}
