// Goal P6: refreshes for each second of processor time of the service, one commit each.
import { performance } from 'node:perf_hooks';
import { barChart } from './support/bars.mjs';
import { QUICK, ROUNDS } from './support/counts.mjs';
import { median, percentile, round } from './support/figures.mjs';
import { postJson } from './support/load.mjs';
import { processorSeconds } from './support/processor.mjs';
import { row } from './support/rows.mjs';
import { startGround } from './support/servers.mjs';

const SECONDS = QUICK ? 2 : 5;
const SESSIONS = 32;
const GOAL = 2500;

export async function run() {
  const ground = await startGround();
  try {
    const server = await ground.serve({ BCRYPT_COST: '4' });
    const person = { identifier: 'admin@localhost', password: 'measured nine times over' };
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => signIn(server.url, person)));
    await measure(server, sessions, 3);
    const rounds = [];
    for (let index = 0; index < ROUNDS; index++) {
      rounds.push(await measure(server, sessions, SECONDS));
      console.log(`${index + 1}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
    }
    return report(rounds);
  } finally {
    await ground.stop();
  }
}

async function signIn(url, person) {
  const { status, text } = await postJson(`${url}/auth/login`, person);
  if (status !== 200) throw new Error(`Nobody can sign in: ${status} ${text}`);
  return { refreshToken: JSON.parse(text).refreshToken };
}

/** Every session refreshes again as soon as it was answered. */
async function measure({ url, pid }, sessions, seconds) {
  const times = [];
  const begin = performance.now();
  const used = processorSeconds(pid);
  const to = begin + seconds * 1000;
  await Promise.all(
    sessions.map(async (session) => {
      while (performance.now() < to) {
        const sent = performance.now();
        const { status, text } = await postJson(`${url}/auth/refresh`, session);
        if (status !== 200) throw new Error(`A refresh failed: ${status} ${text}`);
        session.refreshToken = JSON.parse(text).refreshToken;
        times.push(performance.now() - sent);
      }
    }),
  );
  const elapsed = (performance.now() - begin) / 1000;
  return {
    perProcessorSecond: round(times.length / (processorSeconds(pid) - used), 0),
    perSecond: round(times.length / elapsed, 0),
    p50: round(percentile(times, 0.5)),
    p99: round(percentile(times, 0.99)),
  };
}

function report(rounds) {
  const medianOf = (figure) => median(rounds.map((seen) => seen[figure]));
  const medians = Object.fromEntries(Object.keys(rounds[0]).map((figure) => [figure, medianOf(figure)]));
  const summary =
    `${SESSIONS} sessions that refresh without end, durability on; medians of ${ROUNDS} rounds.\n` +
    `${medians.perProcessorSecond} refreshes for each second of processor time of the service (goal ${GOAL}); ` +
    `${medians.perSecond}/s, p50 ${medians.p50} and p99 ${medians.p99} ms.`;
  const bars = [{ label: 'POST /auth/refresh', value: medians.perProcessorSecond }];
  const chart = barChart('Refreshes', [
    { title: 'For each second of processor time', unit: 'refreshes', goal: GOAL, bars },
  ]);
  const rows = [
    row(
      'P6',
      'perCpuSecond',
      rounds.map(({ perProcessorSecond }) => perProcessorSecond),
    ),
  ];
  return { summary, given: { rounds: ROUNDS, seconds: SECONDS, sessions: SESSIONS }, rows, medians, rounds, chart };
}
