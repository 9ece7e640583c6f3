// npm run bench [-- <case>...]: runs each case beside its reference and writes bench/results/<date>-<case>.json and .svg.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { basename, join } from 'node:path';

const HERE = import.meta.dirname;
const RESULTS = join(HERE, 'results');

const cases = readdirSync(HERE)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => basename(file, '.mjs'));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : cases;
const unknown = wanted.filter((name) => !cases.includes(name));
if (unknown.length > 0) {
  console.error(`There is no case ${unknown.join(', ')}; there are: ${cases.join(', ')}`);
  process.exit(1);
}

mkdirSync(RESULTS, { recursive: true });
for (const name of wanted) {
  const date = new Date().toISOString().slice(0, 10);
  const loadBefore = loadavg().map((load) => Math.round(load * 100) / 100);
  const { run } = await import(`./${name}.mjs`);
  const { chart, ...seen } = await run();
  const machine = {
    cores: availableParallelism(),
    processor: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    // Of the minute, five and fifteen minutes before: who else was at work.
    loadBefore,
  };
  const path = join(RESULTS, `${date}-${name}`);
  writeFileSync(`${path}.json`, `${JSON.stringify({ name, date, ...seen, machine }, null, 2)}\n`);
  writeFileSync(`${path}.svg`, chart);
  console.log(`\n${seen.summary}\nWritten: ${path}.json and .svg`);
}
