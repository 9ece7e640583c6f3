// Goal P18: the processor time of a server that nobody uses, and how many statements a second it sends to PostgreSQL.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { count } from './support/counts.mjs';
import { round } from './support/figures.mjs';
import { familyProcessorSeconds } from './support/processor.mjs';
import { row } from './support/rows.mjs';
import { PRODUCTION, startGround } from './support/servers.mjs';

/** Loops poll less often when there was nothing to do for a minute. */
const SETTLE_MS = count('BENCH_SETTLE_MS', 75_000, 65_000);
const SECONDS = count('BENCH_SECONDS', 30, 10);
/** A statement that ends and is followed by another of its connection within this time is not seen. */
const LOOK_EVERY_MS = 20;
const GOALS = { processor: 0.5, statements: 1 };

/** @returns a server that is idle from now on */
export async function begin() {
  // Takes the first admin's mail, which would otherwise be tried again and again.
  const sink = fork(join(import.meta.dirname, 'support/smtp-sink.mjs'));
  const [{ port }] = await once(sink, 'message');
  const ground = await startGround({ ...PRODUCTION, SMTP_URL: `smtp://127.0.0.1:${port}` });
  return { sink, ground, server: await ground.serve(), since: performance.now() };
}

export async function run(begun) {
  const { sink, ground, server, since } = begun ?? (await begin());
  const client = new pg.Client(ground.databaseUrl);
  try {
    await client.connect();
    await sleep(Math.max(0, since + SETTLE_MS - performance.now()));
    const before = familyProcessorSeconds(server.pid);
    const statements = await countStatements(client);
    const processor = round(((familyProcessorSeconds(server.pid) - before) / SECONDS) * 100, 2);
    return report({ processor, statements });
  } finally {
    await client.end();
    await ground.stop();
    sink.kill();
  }
}

/** @returns by connection name and first words, how many a second */
async function countStatements(client) {
  const seen = new Map();
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const { rows } = await client.query(
      `SELECT pid || ' ' || query_start AS key, application_name || ': ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 60) AS words
       FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'roster%' AND query_start > now() - interval '1 s'`,
    );
    for (const { key, words } of rows) seen.set(key, words);
    await sleep(LOOK_EVERY_MS);
  }
  const counts = Object.entries(Object.groupBy([...seen.values()], (words) => words));
  return Object.fromEntries(
    counts.map(([words, found]) => [words, round(found.length / SECONDS, 2)]).sort(([, a], [, b]) => b - a),
  );
}

function report({ processor, statements }) {
  const sum = round(
    Object.values(statements).reduce((total, count) => total + count, 0),
    2,
  );
  const summary =
    `${processor} % of a core for a server that nobody uses (goal ${GOALS.processor}), ${sum} statements a second (goal ${GOALS.statements}):\n` +
    Object.entries(statements)
      .map(([words, count]) => `  ${count}  ${words}`)
      .join('\n');
  const chart = barChart('A server that nobody uses', [
    {
      title: 'Processor time',
      unit: '% of a core',
      goal: GOALS.processor,
      bars: [{ label: 'Roster', value: processor }],
    },
    {
      title: 'Statements',
      unit: 'a second',
      goal: GOALS.statements,
      bars: [{ label: 'Roster', value: sum }],
    },
  ]);
  const rows = [row('P18', 'processor', processor), row('P18', 'statements', sum)];
  return { summary, given: { settleMs: SETTLE_MS, seconds: SECONDS }, rows, processor, statements, sum, chart };
}
