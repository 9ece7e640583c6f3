// Goal P21: sign-ins to applications by OpenID Connect's code flow, and introspections, for each second of processor time of the service:
// Roster and Keycloak in turns, each on a PostgreSQL of its own. Needs Java and Maven, which brings Keycloak the first time.
import { barChart } from './support/bars.mjs';
import { count, QUICK } from './support/counts.mjs';
import { mediansOf, round } from './support/figures.mjs';
import { row } from './support/rows.mjs';
import { groundOf } from './peers/ground-of.mjs';
import { System } from './peers/measure.mjs';

const NAMES = ['roster', 'keycloak'];
const ROUNDS = count('BENCH_ROUNDS', 3, 1);
const SECONDS = QUICK ? 2 : 3;
/** Java compiles what it has executed often, for half a minute and more. */
const WARM_UP_SECONDS = QUICK ? { roster: 1, keycloak: 3 } : { roster: 3, keycloak: 17 };
const IDLE_SECONDS = QUICK ? 1 : 3;
const PERSON = { email: 'ada@example.com', password: 'seven idle boats on slate water' };

export async function run() {
  const begin = (name) => (grounds[name] ??= groundOf(name, 'cheap'));
  const grounds = {};
  // Otherwise one after the other, as the time of their start is kept.
  // What fails is thrown where it is waited for.
  if (QUICK) for (const name of NAMES) begin(name).catch(() => undefined);
  try {
    const systems = {};
    const idle = {};
    const versions = {};
    for (const name of NAMES) {
      const ground = await begin(name);
      versions[name] = ground.version;
      const system = new System({ name, pids: ground.pids, postmaster: ground.database.postmaster });
      idle[name] = { startMs: round(ground.startMs, 0), ...(await system.idle(IDLE_SECONDS)) };
      const { open } = await import(`./peers/adapters/${name}.mjs`);
      system.adapter = await open(ground);
      await system.adapter.create(PERSON);
      system.openid = await system.adapter.openid(PERSON);
      systems[name] = system;
    }
    for (const [name, system] of Object.entries(systems)) await system.openidRound(WARM_UP_SECONDS[name]);
    const rounds = Object.fromEntries(NAMES.map((name) => [name, []]));
    for (let index = 1; index <= ROUNDS; index++) {
      for (const [name, system] of Object.entries(systems)) {
        rounds[name].push(await system.openidRound(SECONDS));
        console.log(`${index}/${ROUNDS} ${name.padEnd(8)} ${JSON.stringify(rounds[name].at(-1))}`);
      }
    }
    const after = Object.fromEntries(NAMES.map((name) => [name, systems[name].memory()]));
    return report({ versions, idle, after, rounds });
  } finally {
    for (const { value: ground } of await Promise.allSettled(Object.values(grounds))) await ground?.stop();
  }
}

function report({ versions, idle, after, rounds }) {
  const figures = Object.fromEntries(
    NAMES.map((name) => [name, { ...idle[name], ...mediansOf(rounds[name]), ...after[name] }]),
  );
  const labels = { roster: `Roster ${versions.roster}`, keycloak: `Keycloak ${versions.keycloak}` };
  const lines = NAMES.map((name) => {
    const seen = figures[name];
    return (
      `${labels[name]}: ${seen.codeFlowsPerCpuSecond} code flows and ${seen.introspectionsPerCpuSecond} introspections for each CPU-second ` +
      `of the service (${seen.codeFlowsPerSecond} and ${seen.introspectionsPerSecond} a second), ` +
      `${seen.memoryIdleMiB} MiB idle, ${seen.memoryAfterMiB} after it.`
    );
  });
  const bars = (figure) => NAMES.map((name) => ({ label: labels[name], value: figures[name][figure] }));
  const chart = barChart('OpenID Connect', [
    { title: 'Code flows', unit: 'a CPU-second', bars: bars('codeFlowsPerCpuSecond') },
    { title: 'Introspections', unit: 'a CPU-second', bars: bars('introspectionsPerCpuSecond') },
    { title: 'Memory idle', unit: 'MiB (PSS)', bars: bars('memoryIdleMiB') },
  ]);
  const rows = [
    row(
      'P21',
      'codeFlow',
      rounds.roster.map((seen, at) => seen.codeFlowsPerCpuSecond / rounds.keycloak[at].codeFlowsPerCpuSecond),
    ),
  ];
  const given = { rounds: ROUNDS, seconds: SECONDS, warmUpSeconds: WARM_UP_SECONDS, idleSeconds: IDLE_SECONDS };
  const summary = `Medians of ${ROUNDS} rounds in turns.\n${lines.join('\n')}`;
  return { summary, given, rows, versions, figures, rounds, chart };
}
