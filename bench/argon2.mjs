// Goal P19: sign-ins with PASSWORD_HASH=argon2id, over bare Argon2id and beside bcrypt of cost 12: how many a second, how many for each
// second of processor time of the service, and what memory the processes that hash take.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setInterval, clearInterval } from 'node:timers';
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { mediansOf, percentile, round } from './support/figures.mjs';
import { hammerLogins, postJson } from './support/load.mjs';
import { seedPeople } from './support/people.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';
import { memoryOf, processorMeter } from './support/tree.mjs';

const SUPPORT = join(import.meta.dirname, 'support');
const HASHES = {
  argon2id: { PASSWORD_HASH: 'argon2id' },
  bcrypt: { PASSWORD_HASH: 'bcrypt', BCRYPT_COST: '12' },
};
const CLIENTS = QUICK ? 20 : 50;
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const SECONDS = QUICK ? { raw: 1, argon2id: 4, bcrypt: 6, warmUp: 2 } : { raw: 3, argon2id: 9, bcrypt: 13, warmUp: 3 };

export async function run() {
  const ends = {};
  try {
    // A database each: where both kinds of hashes are, every check takes as long as the slower one.
    for (const [hash, settings] of Object.entries(HASHES)) ends[hash] = await prepare(settings);
    const rounds = [];
    for (let index = 0; index < ROUNDS; index++) {
      const raw = round(await rawArgon2id(SECONDS.raw));
      const argon2id = await saturate(ends.argon2id, SECONDS.argon2id);
      const bcrypt = await saturate(ends.bcrypt, SECONDS.bcrypt);
      rounds.push({ raw, argon2id, bcrypt });
      console.log(`${index + 1}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    for (const { ground } of Object.values(ends)) await ground.stop();
  }
}

async function prepare(settings) {
  const ground = await startGround({ ...settings, LOG_LEVEL: 'info' });
  const people = (await seedPeople(ground, 100)).slice(0, CLIENTS);
  const server = await ground.serve();
  const { status, text } = await postJson(`${server.url}/auth/login`, people[0]);
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  return { ground, server, people };
}

/** Hashes a second on all cores together. */
async function rawArgon2id(seconds) {
  const each = Array.from({ length: availableParallelism() }, async () => {
    const [{ perSecond }] = await once(fork(join(SUPPORT, 'raw-argon2id.mjs'), [seconds]), 'message');
    return perSecond;
  });
  return (await Promise.all(each)).reduce((sum, perSecond) => sum + perSecond, 0);
}

async function saturate({ server, people }, seconds) {
  const used = processorMeter(() => [server.pid]);
  const before = used();
  let peakMiB = 0;
  const look = () => (peakMiB = Math.max(peakMiB, memoryOf([server.pid])));
  const looks = setInterval(look, 500);
  const logins = await hammerLogins({ url: server.url, people, seconds, warmUpSeconds: SECONDS.warmUp });
  clearInterval(looks);
  if (logins.failed > 0) throw new Error(`${logins.failed} sign-ins failed`);
  const all = logins.signedIn.length;
  return {
    perSecond: round(all / logins.seconds),
    // Processor time is that of the warm-up as well, which has as many sign-ins a second.
    perCpuSecond: round(((all / logins.seconds) * seconds) / (used() - before)),
    p50: round(percentile(logins.signedIn, 0.5), 0),
    refusedPerSecond: round(logins.refused.length / logins.seconds),
    peakMiB: round(peakMiB, 0),
  };
}

function report(rounds) {
  const of = (hash) => mediansOf(rounds.map((seen) => seen[hash]));
  const [argon2id, bcrypt] = [of('argon2id'), of('bcrypt')];
  const raw = mediansOf(rounds.map((seen) => ({ raw: seen.raw }))).raw;
  const say = ({ perSecond, perCpuSecond, peakMiB }) =>
    `${perSecond} sign-ins/s, ${perCpuSecond} for each CPU-second of the service, at most ${peakMiB} MiB in all its processes`;
  const summary =
    `${CLIENTS} clients that sign in without end; medians of ${ROUNDS} rounds.\n` +
    `Argon2id (19 MiB, 2 passes): ${say(argon2id)}; bare, on all cores: ${raw}/s.\nbcrypt of cost 12: ${say(bcrypt)}.`;
  const chart = barChart('Sign-ins by hash', [
    {
      title: 'Sign-ins',
      unit: 'a second',
      bars: [
        { label: 'bare Argon2id', value: raw },
        { label: 'Argon2id', value: argon2id.perSecond },
        { label: 'bcrypt of cost 12', value: bcrypt.perSecond },
      ],
    },
    {
      title: 'Memory of all processes, at most',
      unit: 'MiB (PSS)',
      bars: [
        { label: 'Argon2id', value: argon2id.peakMiB },
        { label: 'bcrypt of cost 12', value: bcrypt.peakMiB },
      ],
    },
  ]);
  const rows = [
    row(
      'P19',
      'raw',
      rounds.map((seen) => seen.argon2id.perSecond / seen.raw),
    ),
    row(
      'P19',
      'bcrypt',
      rounds.map((seen) => seen.argon2id.perSecond / seen.bcrypt.perSecond),
    ),
  ];
  const given = { rounds: ROUNDS, clients: CLIENTS, seconds: SECONDS };
  return { summary, given, rows, medians: { raw, argon2id, bcrypt }, rounds, chart };
}
