// npm run bench:peers -- [<system>...] [--quick] [--target <system>=<base URL>] [--pids <system>=<pid>,...] [--option <system>.<name>=<value>]
// Roster beside another system, in turns: `<system>` is installed and started here, a target runs already, anywhere. See docs/performance.md.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { barChart } from '../support/bars.mjs';
import { count, QUICK } from '../support/counts.mjs';
import { mediansOf } from '../support/figures.mjs';
import { cleanUp, cleanUpWhenInterrupted } from '../support/leftovers.mjs';
import { RESULTS } from '../support/results.mjs';
import { row } from '../support/rows.mjs';
import { FIGURES } from '../support/table.mjs';
import { askedFor, NotAsAskedFor } from './asked-for.mjs';
import { asDelivered } from './delivered.mjs';
import { groundOf as startedGround, groundOfTarget, opened } from './ground-of.mjs';
import { GIVEN, System } from './measure.mjs';

const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const IDLE_SECONDS = QUICK ? 2 : 15;
const { others, targets, pids, options } = understood();
cleanUpWhenInterrupted();
const failed = [];
for (const other of others) {
  try {
    await compare(other);
  } catch (error) {
    // One that cannot be started does not keep the others from it.
    failed.push(other);
    console.error(`${other} failed:`, error instanceof NotAsAskedFor ? error.message : error);
  }
}
if (failed.length > 0) console.error(`Not measured: ${failed.join(', ')}`);
await cleanUp();
process.exit(failed.length > 0 ? 1 : 0);

function understood() {
  try {
    return askedFor(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof NotAsAskedFor)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

async function compare(other) {
  const loadBefore = loadavg().map((load) => Math.round(load * 100) / 100);
  const grounds = [];
  const systems = {};
  const figures = {};
  try {
    for (const name of ['roster', other]) {
      const ground = await groundOf(name, 'cheap');
      grounds.push(ground);
      // Asked for nothing yet: what memory and processor it takes by itself.
      const system = new System({ name, pids: ground.pids, postmaster: ground.database?.postmaster });
      figures[name] = { startMs: ground.startMs, ...(await system.idle(IDLE_SECONDS)) };
      system.adapter = await opened(name, ground);
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
    const version = grounds[1].version ?? options[other]?.version;
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
  const given = options[name] ?? {};
  if (targets[name]) return groundOfTarget(name, { url: targets[name], options: given, pids: pids[name] });
  const ground = await startedGround(name, hash);
  return { ...ground, options: { ...ground.options, ...given } };
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
