// npm run bench [-- <case or row>...] [--quick] [--check] [--table] [--users N]: runs cases beside their references; see docs/performance.md.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { ROWS } from './goals.mjs';
import { compareWithCommitted } from './support/check.mjs';
import { cleanUp, cleanUpWhenInterrupted } from './support/leftovers.mjs';
import { RESULTS } from './support/results.mjs';
import { writePages } from './support/table.mjs';

const HERE = import.meta.dirname;
/**
 * Memory is measured before there is another server, whose code it would share; an idle server after it has been idle long enough. The last
 * share a database of a million users, which nothing else should have beside it.
 */
const FIRST = ['footprint'];
const LAST = ['idle', 'lists', 'console', 'history'];
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    check: { type: 'boolean' },
    table: { type: 'boolean' },
    users: { type: 'string' },
  },
});
if (flags.table) {
  for (const page of writePages()) console.log(`Written: ${page}`);
  process.exit();
}
// Read by the cases when they are loaded.
if (flags.quick) process.env.BENCH_QUICK = '1';
if (flags.users !== undefined) process.env.BENCH_USERS = flags.users;
// What is printed last can then be read by a program.
const print = console.log;
if (flags.quick) console.log = console.error;

const cases = wantedCases(positionals);
cleanUpWhenInterrupted();
mkdirSync(RESULTS, { recursive: true });
const rows = [];
const seconds = {};
const failed = [];
const begun = {};
for (const [index, name] of cases.entries()) {
  await attempt(name);
  if (index === 0) await beginOthers(cases.slice(1));
}
await (await import('./support/ground-of-size.mjs')).stopGreatestGround();
await (await import('./support/servers.mjs')).stopCommonPostgres();
rows.sort((one, other) => Number(one.id.slice(1)) - Number(other.id.slice(1)));
console.log(`\n${rows.map(lineOf).join('\n')}`);
if (flags.quick) print(JSON.stringify({ quick: true, machine: machineNow(), rows, seconds, failed }, null, 2));
const slower = flags.check ? compareWithCommitted(rows) : [];
for (const line of slower) console.error(line);
if (flags.check && slower.length === 0) console.error('Nothing that was measured got worse by more than 15 %.');
const missing = missingFigures();
if (missing.length > 0) console.error(`Not measured: ${missing.join(', ')}`);
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`);
await cleanUp();
process.exit(failed.length + slower.length + missing.length > 0 ? 1 : 0);

async function attempt(name) {
  const begin = performance.now();
  try {
    rows.push(...(await measure(name)));
  } catch (error) {
    // One that cannot run does not keep the others from it; the end is red all the same.
    failed.push(name);
    console.error(`${name} failed:`, error);
  }
  seconds[name] = Math.round((performance.now() - begin) / 1000);
  console.log(`${name} took ${seconds[name]} s`);
}

/** What needs little but time until it can be measured has it while others are measured. */
async function beginOthers(names) {
  for (const name of names) {
    const { begin } = await import(join(HERE, `${name}.mjs`));
    if (!begin) continue;
    begun[name] = begin();
    // Thrown where it is waited for.
    begun[name].catch(() => undefined);
  }
}

/** Of the names of cases and rows; of none, all cases that give a row. */
function wantedCases(names) {
  const known = readdirSync(HERE)
    .filter((file) => file.endsWith('.mjs') && !['run.mjs', 'goals.mjs'].includes(file))
    .map((file) => basename(file, '.mjs'));
  const ofRows = Object.fromEntries(Object.entries(ROWS).map(([id, { case: name }]) => [id, name]));
  const wanted = names.length > 0 ? names.map((name) => ofRows[name.toUpperCase()] ?? name) : Object.values(ofRows);
  const unique = [...new Set(wanted)];
  const unknown = names.filter((name) => !(name.toUpperCase() in ROWS) && !known.includes(name));
  if (unknown.length > 0) {
    console.error(
      `There is no case ${unknown.join(', ')}; there are: ${Object.keys(ROWS).join(', ')}, ${known.join(', ')}`,
    );
    process.exit(1);
  }
  const turn = (name) => (FIRST.includes(name) ? -2 : LAST.indexOf(name));
  return unique.sort((one, other) => turn(one) - turn(other));
}

/** Runs one case. @returns its rows of the table; a quick one is kept nowhere */
async function measure(name) {
  const date = new Date().toISOString().slice(0, 10);
  const machine = machineNow();
  const file = join(HERE, `${name}.mjs`);
  if (!existsSync(file)) throw new Error(`${file} is missing`);
  const { run } = await import(file);
  const { chart, ...seen } = await run(await begun[name]);
  console.log(`\n${seen.summary}`);
  if (!flags.quick) {
    const path = join(RESULTS, `${date}-${name}`);
    writeFileSync(`${path}.json`, `${JSON.stringify({ name, date, ...seen, machine }, null, 2)}\n`);
    writeFileSync(`${path}.svg`, chart);
    console.log(`Written: ${path}.json and .svg`);
  }
  return seen.rows ?? [];
}

/** What the cases that ran should have given, and did not. What stands beside another system comes from `npm run bench:peers`. */
function missingFigures() {
  return Object.entries(ROWS).flatMap(([id, { case: name, figures }]) =>
    Object.entries(figures).flatMap(([figure, { from }]) => {
      const isThere = rows.some((row) => row.id === id && row.figure === figure);
      return isThere || from !== undefined || !cases.includes(name) ? [] : [`${id} ${figure}`];
    }),
  );
}

function machineNow() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    // Of the minute, five and fifteen minutes before: who else was at work.
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

function lineOf({ id, name, goal, measured, spread, unit, verdict }) {
  const between = spread ? ` (${spread[0]} to ${spread[1]})` : '';
  return `${id.padEnd(4)}${verdict.padEnd(7)} ${name}: ${measured}${between} ${unit}, goal ${goal}`;
}
