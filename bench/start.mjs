// Goal P15: from the start of the process until it is ready, beside a bare Nest application and a Node.js that does nothing.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { barChart } from './support/bars.mjs';
import { count } from './support/counts.mjs';
import { median, round } from './support/figures.mjs';
import { processorSeconds } from './support/processor.mjs';
import { row } from './support/rows.mjs';
import { PRODUCTION, startGround } from './support/servers.mjs';

const ROUNDS = count('BENCH_ROUNDS', 5, 1);
const GOAL_MS = 1000;

export async function run() {
  const ground = await startGround(PRODUCTION);
  try {
    // Makes the schema and the first admin.
    await (await ground.serve()).stop();
    const rounds = [];
    for (let index = 0; index < ROUNDS; index++) {
      rounds.push({ roster: await startRoster(ground), nest: await startNest(), node: await startNode() });
      console.log(`${index + 1}/${ROUNDS} ready after ${rounds.at(-1).roster.ms} ms`);
    }
    return report(rounds);
  } finally {
    await ground.stop();
  }
}

async function startRoster(ground) {
  const server = await ground.serve();
  const processor = processorSeconds(server.pid);
  await server.stop();
  return { ms: round(server.startMs, 0), processor };
}

async function startNest() {
  const begin = performance.now();
  const child = fork(join(import.meta.dirname, 'support/bare-nest.mjs'));
  const [port] = await once(child, 'message');
  await (await fetch(`http://127.0.0.1:${port}/health/ready`)).arrayBuffer();
  const ms = round(performance.now() - begin, 0);
  const processor = processorSeconds(child.pid);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { ms, processor };
}

async function startNode() {
  const begin = performance.now();
  await once(spawn(process.execPath, ['--eval', '0']), 'exit');
  return { ms: round(performance.now() - begin, 0) };
}

function report(rounds) {
  const of = (who, figure = 'ms') => rounds.map((seen) => seen[who][figure]);
  const [roster, nest, node] = ['roster', 'nest', 'node'].map((who) => median(of(who)));
  const summary =
    `Ready ${roster} ms after its start, of ${of('roster').join(', ')} (goal ${GOAL_MS}; the database is up and migrated), ` +
    `with ${median(of('roster', 'processor'))} s of processor time.\n` +
    `Beside it, a Nest application of one route without a database: ${nest} ms, ${median(of('nest', 'processor'))} s. ` +
    `A Node.js that does nothing: ${node} ms.`;
  const chart = barChart('From start to ready', [
    {
      title: 'Start',
      unit: 'ms',
      goal: GOAL_MS,
      bars: [
        { label: 'Roster', value: roster },
        { label: 'bare Nest on Fastify', value: nest },
        { label: 'Node.js alone', value: node },
      ],
    },
  ]);
  return { summary, rows: [row('P15', 'ms', of('roster'))], given: { rounds: ROUNDS }, rounds, chart };
}
