// Goal P12: `roster import` of users with ready hashes, from Roster's own NDJSON and from a Keycloak realm, beside a bare COPY of the very
// rows that it wrote into the same tables with the same indexes. Then one user of each kind of hash signs in, twice.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL } from 'node:url';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { copyIn, copyOut } from './support/copy-streams.mjs';
import { count } from './support/counts.mjs';
import { median, round } from './support/figures.mjs';
import { postJson } from './support/load.mjs';
import { oneOfEachKind, PASSWORD, SOURCES, writeSource } from './support/made-up-imports.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';

const USERS = count('BENCH_USERS', 20_000, 2500);
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const GOAL = 0.5;
const CLI = join(import.meta.dirname, '../dist/cli.js');
/** In the order of their references. */
const TABLES = 'users user_keys user_events password_credentials totp_credentials identities imported_users'.split(' ');

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'roster-bench-import-'));
  const ground = await startGround({ BCRYPT_COST: '4' });
  const admin = new pg.Client({ connectionString: at(ground, 'postgres') });
  const seen = Object.fromEntries(Object.keys(SOURCES).map((source) => [source, []]));
  try {
    await ground.command('migrate');
    await admin.connect();
    for (const source of Object.keys(SOURCES)) await writeSource(source, USERS, join(folder, source));
    for (let number = 0; number < ROUNDS; number++) {
      for (const source of Object.keys(SOURCES)) {
        seen[source].push(await oneRound({ source, folder, ground, admin, isLast: number === ROUNDS - 1 }));
        console.log(`${number + 1}/${ROUNDS} ${source} ${JSON.stringify(seen[source].at(-1))}`);
      }
    }
    return report(seen);
  } finally {
    await admin.end();
    await ground.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const at = ({ databaseUrl }, name) => Object.assign(new URL(databaseUrl), { pathname: `/${name}` }).href;

/** Each in a database of its own, cloned from the same migrated one. */
async function oneRound({ source, folder, ground, admin, isLast }) {
  const template = new URL(ground.databaseUrl).pathname.slice(1);
  for (const name of ['imported', 'copied']) await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  try {
    const imported = await runImport(source, join(folder, source), at(ground, 'imported'));
    const copySeconds = await copy(at(ground, 'imported'), at(ground, 'copied'), folder);
    if (isLast) await signInTwice(ground, source);
    const perSecond = USERS / imported.seconds;
    return {
      perSecond: round(perSecond, 0),
      copyPerSecond: round(USERS / copySeconds, 0),
      ratio: round(copySeconds / imported.seconds, 3),
      peakMemoryMiB: round(imported.peakMiB, 0),
    };
  } finally {
    for (const name of ['imported', 'copied']) await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** The command as an operator runs it, its start included. */
async function runImport(source, file, url) {
  const begin = performance.now();
  const child = spawn(process.execPath, [CLI, 'import', '--from', source, '--file', file], {
    env: { PATH: process.env.PATH, DATABASE_URL: url, SECRET_KEY: 'for measurements only, and nothing else' },
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said = `${said}${chunk}`.slice(-1000)));
  let peakMiB = 0;
  const ended = once(child, 'close');
  for (let isOver = false; !isOver;) {
    peakMiB = Math.max(peakMiB, highWaterMarkOf(child.pid));
    isOver = await Promise.race([ended.then(() => true), sleep(20, false)]);
  }
  if (child.exitCode !== 0) throw new Error(`The import failed: ${said}`);
  return { seconds: (performance.now() - begin) / 1000, peakMiB };
}

function highWaterMarkOf(pid) {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    // It has ended.
    return 0;
  }
}

/** Writes every row that the import wrote by one COPY a table, in one transaction. @returns how many seconds that took */
async function copy(from, to, folder) {
  const [source, target] = [from, to].map((connectionString) => new pg.Client({ connectionString }));
  await Promise.all([source.connect(), target.connect()]);
  try {
    const columns = {};
    for (const table of ['keys', ...TABLES]) {
      const { rows } = await source.query(
        `SELECT attname AS name FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''`,
        [table],
      );
      columns[table] = rows.map(({ name }) => name);
      await copyOut(source, `SELECT ${columns[table].join(', ')} FROM ${table}`, join(folder, table));
    }
    // Which the first command makes on each database.
    await target.query('DELETE FROM keys');
    await copyIn(target, 'keys', columns.keys, join(folder, 'keys'));
    const begin = performance.now();
    await target.query('BEGIN');
    for (const table of TABLES) await copyIn(target, table, columns[table], join(folder, table));
    await target.query('COMMIT');
    return (performance.now() - begin) / 1000;
  } finally {
    await Promise.all([source.end(), target.end()]);
    for (const table of ['keys', ...TABLES]) rmSync(join(folder, table), { force: true });
  }
}

/** With the old password, and again when the hash is one of ours. */
async function signInTwice(ground, source) {
  const server = await ground.serve({ DATABASE_URL: at(ground, 'imported') });
  const client = new pg.Client({ connectionString: at(ground, 'imported') });
  await client.connect();
  try {
    for (const identifier of oneOfEachKind(source)) {
      for (const scheme of ['imported', 'bcrypt-hmac-sha384']) {
        const { rows } = await client.query(
          'SELECT hash FROM password_credentials JOIN users ON users.id = user_id WHERE email = $1',
          [identifier],
        );
        if (!rows[0]?.hash.startsWith(`${scheme}:`)) throw new Error(`${identifier} has another hash than expected`);
        const { status, text } = await postJson(`${server.url}/auth/login`, { identifier, password: PASSWORD });
        if (status !== 200) throw new Error(`${identifier} cannot sign in: ${status} ${text}`);
      }
    }
  } finally {
    await client.end();
    await server.stop();
  }
}

function report(seen) {
  const sources = Object.fromEntries(
    Object.entries(seen).map(([source, rounds]) => {
      const medianOf = (figure) => median(rounds.map((one) => one[figure]));
      return [source, Object.fromEntries(Object.keys(rounds[0]).map((figure) => [figure, medianOf(figure)]))];
    }),
  );
  const lines = Object.entries(sources).map(
    ([source, { perSecond, copyPerSecond, ratio, peakMemoryMiB }]) =>
      `${source}: ${perSecond} users/s, COPY ${copyPerSecond}, ratio ${ratio}; at most ${peakMemoryMiB} MiB of memory.`,
  );
  const summary =
    `${USERS} users by \`roster import\`, its start included, beside COPY of the same rows into the same indexed tables, durability on; ` +
    `medians of ${ROUNDS} rounds (goal: ratio ${GOAL}). One of each kind of hash signed in, and again with ours.\n${lines.join('\n')}`;
  const bars = Object.entries(sources).flatMap(([source, { perSecond, copyPerSecond }]) => [
    { label: `import of ${source}`, value: perSecond },
    { label: 'COPY of the same rows', value: copyPerSecond },
  ]);
  const chart = barChart('Import', [{ title: 'Rate', unit: 'users/s', bars }]);
  const ratios = Object.values(seen).flatMap((rounds) => rounds.map(({ ratio }) => ratio));
  return {
    summary,
    given: { users: USERS, rounds: ROUNDS },
    rows: [row('P12', 'ratio', ratios)],
    sources,
    rounds: seen,
    chart,
  };
}
