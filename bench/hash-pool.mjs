// Goals P1 and P2: sign-ins at the rate of bare bcrypt, while everything else stays fast. What overload does is in overload.mjs.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { mediansOf, percentile, round } from './support/figures.mjs';
import { atFixedRate, call, hammerLogins, postJson } from './support/load.mjs';
import { seedPeople } from './support/people.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';

const SUPPORT = join(import.meta.dirname, 'support');
const COST = 12;
const CLIENTS = 100;
const READS_PER_SECOND = 100;
// Long ones, as those who wait at the end of a round count for nothing: three are enough.
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const SECONDS = QUICK ? { idle: 1, raw: 2, loaded: 7, warmUp: 2 } : { idle: 3, raw: 5, loaded: 20, warmUp: 3 };

export async function run() {
  const ground = await startGround();
  try {
    return await compare(ground);
  } finally {
    await ground.stop();
  }
}

async function compare(ground) {
  const people = await seedPeople(ground, CLIENTS);
  const settings = { BCRYPT_COST: String(COST), LOG_LEVEL: 'info' };
  const pool = await prepare((await ground.serve(settings)).url, people);
  // What would be without the pool, which no goal is about: with BENCH_THREADS=1.
  const onThreads = ['--import', join(SUPPORT, 'bcrypt-on-threads.mjs')];
  const threads =
    process.env.BENCH_THREADS !== '1'
      ? undefined
      : await prepare((await ground.serve(settings, onThreads)).url, people);

  const rounds = { idle: [], raw: [], pool: [], threads: [] };
  const note = (name, figures) => {
    rounds[name].push(figures);
    console.log(`${rounds[name].length}/${ROUNDS} ${name.padEnd(8)} ${JSON.stringify(figures)}`);
  };
  for (let index = 0; index < ROUNDS; index++) {
    note('idle', await read(pool, SECONDS.idle));
    const [rawReads, perSecond] = await Promise.all([read(pool, SECONDS.raw), rawBcrypt(SECONDS.raw)]);
    note('raw', { ...rawReads, perSecond: round(perSecond) });
    note('pool', await readWhileHammered(pool, people));
    if (threads) note('threads', await readWhileHammered(threads, people));
  }
  return report(rounds);
}

async function prepare(url, [person]) {
  const { status, text } = await postJson(`${url}/auth/login`, person);
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  return { url, authorization: `Bearer ${JSON.parse(text).accessToken}` };
}

/** A cheap request of somebody who is signed in. */
async function read({ url, authorization }, seconds, afterSeconds = 0) {
  await sleep(afterSeconds * 1000);
  const send = async () => (await call(`${url}/users/me`, { headers: { authorization } })).status === 200;
  const { times, failed } = await atFixedRate({ perSecond: READS_PER_SECOND, seconds, send });
  return { readP50: round(percentile(times, 0.5)), readP99: round(percentile(times, 0.99)), readsFailed: failed };
}

async function readWhileHammered(server, people) {
  const { loaded: seconds, warmUp: warmUpSeconds } = SECONDS;
  const [reads, logins] = await Promise.all([
    // Saturation is what counts, not the moment at which a hundred begin at once.
    read(server, seconds - warmUpSeconds, warmUpSeconds),
    hammerLogins({ url: server.url, people, seconds, warmUpSeconds }),
  ]);
  return {
    ...reads,
    perSecond: round(logins.signedIn.length / logins.seconds),
    loginP50: round(percentile(logins.signedIn, 0.5), 0),
    refusedPerSecond: round(logins.refused.length / logins.seconds),
    refusedP50: round(percentile(logins.refused, 0.5)),
    refusedP99: round(percentile(logins.refused, 0.99)),
    loginsFailed: logins.failed,
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
  const medians = Object.fromEntries(Object.entries(rounds).map(([name, figures]) => [name, mediansOf(figures)]));
  const ratio = (name) =>
    round(mediansOf(rounds[name].map(({ perSecond }, at) => ({ of: perSecond / rounds.raw[at].perSecond }))).of);
  const { idle, raw, pool, threads } = medians;
  const loginsOverRaw = { pool: ratio('pool'), ...(rounds.threads.length > 0 && { threads: ratio('threads') }) };
  const summary =
    `bcrypt of cost ${COST}, ${CLIENTS} clients that sign in without end, ${READS_PER_SECOND} GET /users/me a second; ` +
    `medians of ${ROUNDS} rounds.\n` +
    `Pool: ${pool.perSecond} sign-ins/s, ${loginsOverRaw.pool} of bare bcrypt (${raw.perSecond}/s; goal 0.90).\n` +
    `Reads, p50 and p99 in ms: idle ${idle.readP50} and ${idle.readP99}, pool ${pool.readP50} and ${pool.readP99}.\n` +
    `A refused sign-in: ${pool.refusedP50} and ${pool.refusedP99} ms (goal 20); ` +
    `one that succeeds takes ${pool.loginP50} ms.` +
    (rounds.threads.length > 0
      ? `\nThreads of libuv instead: ${threads.perSecond} sign-ins/s, ${loginsOverRaw.threads} of bare bcrypt, ` +
        `each ${threads.loginP50} ms; reads ${threads.readP50} and ${threads.readP99} ms.`
      : '');
  const bars = (figure, names) => names.map(([label, name]) => ({ label, value: medians[name][figure] }));
  const all = [
    ['nobody signs in', 'idle'],
    ['bare bcrypt beside it', 'raw'],
    ['hash pool', 'pool'],
    ["libuv's threads", 'threads'],
  ].filter(([, name]) => rounds[name].length > 0);
  const chart = barChart(`${CLIENTS} clients sign in without end`, [
    { title: 'GET /users/me, p99', unit: 'ms', goal: 20, bars: bars('readP99', all) },
    { title: 'GET /users/me, p50', unit: 'ms', bars: bars('readP50', all) },
    { title: 'Sign-ins', unit: 'a second', bars: bars('perSecond', all.slice(1)) },
    { title: 'A refused sign-in, p99', unit: 'ms', goal: 20, bars: bars('refusedP99', [['hash pool', 'pool']]) },
  ]);
  const each = (of) => rounds.pool.map((figures, at) => of(figures, at));
  const rows = [
    row(
      'P1',
      'ratio',
      each(({ perSecond }, at) => perSecond / rounds.raw[at].perSecond),
    ),
    row(
      'P2',
      'p99',
      each(({ readP99 }) => readP99),
    ),
    row(
      'P2',
      'p50',
      each(({ readP50 }, at) => readP50 / rounds.idle[at].readP50),
    ),
  ];
  const given = { rounds: ROUNDS, cost: COST, clients: CLIENTS, readsPerSecond: READS_PER_SECOND, seconds: SECONDS };
  return { summary, given, rows, medians, loginsOverRaw, rounds, chart };
}
