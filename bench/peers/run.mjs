// npm run bench:peers -- [<system>...] [--quick] [--target <system>=<base URL>] [--pids <system>=<pid>,...] [--option <system>.<name>=<value>]
// Roster beside another system, in turns: `<system>` is installed and started here, a target runs already, anywhere. See docs/performance.md.
import { readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { barChart } from '../support/bars.mjs';
import { count, QUICK } from '../support/counts.mjs';
import { mediansOf } from '../support/figures.mjs';
import { cleanUp, cleanUpWhenInterrupted } from '../support/leftovers.mjs';
import { RESULTS } from '../support/results.mjs';
import { row } from '../support/rows.mjs';
import { FIGURES } from '../support/table.mjs';
import { asDelivered } from './delivered.mjs';
import { groundOf as startedGround } from './ground-of.mjs';
import { GIVEN, System } from './measure.mjs';

const HERE = import.meta.dirname;
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const IDLE_SECONDS = QUICK ? 2 : 15;
const KNOWN = readdirSync(join(HERE, 'adapters')).map((file) => basename(file, '.mjs'));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...Object.fromEntries(['target', 'pids', 'option'].map((name) => [name, { type: 'string', multiple: true }])),
    // Read by `support/counts.mjs`.
    quick: { type: 'boolean' },
  },
});
const pairs = (list = []) => list.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]);
const targets = Object.fromEntries(pairs(flags.target));
const others = [...Object.keys(targets), ...positionals].filter((name) => name !== 'roster');
const unknown = [...others, ...Object.keys(targets)].filter((name) => !KNOWN.includes(name));
if (others.length === 0 || unknown.length > 0) {
  console.error(`Name a system, or --target <system>=<base URL>. There are: ${KNOWN.join(', ')}`);
  process.exit(1);
}
cleanUpWhenInterrupted();
const failed = [];
for (const other of others) {
  try {
    await compare(other);
  } catch (error) {
    // One that cannot be started does not keep the others from it.
    failed.push(other);
    console.error(`${other} failed:`, error);
  }
}
if (failed.length > 0) console.error(`Not measured: ${failed.join(', ')}`);
await cleanUp();
process.exit(failed.length > 0 ? 1 : 0);

async function compare(other) {
  const loadBefore = loadavg().map((load) => Math.round(load * 100) / 100);
  const grounds = [];
  const systems = {};
  const figures = {};
  try {
    for (const name of ['roster', other]) {
      const ground = await groundOf(name, 'cheap');
      grounds.push(ground);
      const { open } = await import(`./adapters/${name}.mjs`);
      const { url, pids, database, options } = ground;
      const postmaster = database?.postmaster;
      // Asked for nothing yet: what memory and processor it takes by itself.
      const system = new System({ name, pids, postmaster });
      figures[name] = { startMs: ground.startMs, ...(await system.idle(IDLE_SECONDS)) };
      system.adapter = await open({ url, options });
      systems[name] = system;
    }
    for (const system of Object.values(systems)) await system.prepare();
    const rounds = Object.fromEntries(Object.keys(systems).map((name) => [name, []]));
    // The first one warms up.
    for (let index = 0; index <= ROUNDS; index++) {
      for (const [name, system] of Object.entries(systems)) {
        const seen = await system.round(index === 0 ? 2 : undefined);
        if (index === 0) continue;
        rounds[name].push(seen);
        console.log(`${index}/${ROUNDS} ${name} ${JSON.stringify(seen)}`);
      }
    }
    for (const [name, system] of Object.entries(systems)) {
      Object.assign(figures[name], mediansOf(rounds[name]), system.memory());
    }
    const version =
      grounds[1].version ?? flags.option?.find((one) => one.startsWith(`${other}.version=`))?.split('=')[1];
    for (const ground of grounds.splice(0)) await ground.stop();
    if (!targets[other] && !targets.roster) {
      for (const name of ['roster', other]) Object.assign(figures[name], await asDelivered(name, groundOf));
    }
    report({ other, version, figures, rounds, loadBefore });
  } finally {
    for (const ground of grounds) await ground.stop();
  }
}

/** Where a system is that runs already, or one that is started. */
async function groundOf(name, hash) {
  const options = Object.fromEntries(
    pairs(flags.option).flatMap(([key, value]) =>
      key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), value]] : [],
    ),
  );
  if (targets[name]) {
    const pids = pairs(flags.pids)
      .find(([one]) => one === name)?.[1]
      .split(',')
      .map(Number);
    return { url: targets[name], options, pids: pids && (() => pids), stop: () => undefined };
  }
  const ground = await startedGround(name, hash);
  return { ...ground, options: { ...ground.options, ...options } };
}

function report({ other, version, figures, rounds, loadBefore }) {
  const date = new Date().toISOString().slice(0, 10);
  const ratios = (name) =>
    rounds.roster.map((seen, at) => seen[name] / rounds[other][at][name]).filter(Number.isFinite);
  const reads = ratios('mePerCpuSecond');
  const rows = reads.length > 0 ? [row('P4', 'peer', reads)] : [];
  const groups = Object.entries(FIGURES).flatMap(([figure, title]) => {
    const bars = ['roster', other].flatMap((name) => {
      const value = figures[name][figure];
      return Number.isFinite(value) ? [{ label: name, value: Math.round(value * 100) / 100 }] : [];
    });
    return bars.length === 2 ? [{ title, unit: '', bars }] : [];
  });
  const machine = {
    cores: availableParallelism(),
    processor: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    loadBefore,
  };
  const given = { rounds: ROUNDS, idleSeconds: IDLE_SECONDS, ...GIVEN };
  const result = {
    name: `peers-${other}`,
    date,
    peer: other,
    version: version ?? '',
    given,
    rows,
    figures,
    rounds,
    machine,
  };
  for (const { title, bars } of groups)
    console.log(`${title}: ${bars.map(({ label, value }) => `${label} ${value}`).join(', ')}`);
  if (QUICK) return;
  const path = join(RESULTS, `${date}-peers-${other}`);
  writeFileSync(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${path}.svg`, barChart(`Roster and ${other} ${version ?? ''}`, groups));
  console.log(`Written: ${path}.json and .svg`);
}
