import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROWS } from '../goals.mjs';
import { latest, latestOfPeers } from './results.mjs';
import { worseBy } from './rows.mjs';

const DOCS = join(import.meta.dirname, '../../docs');
/** What is generated of them stands between `<!-- name -->` and `<!-- /name -->`. */
export const PAGES = ['performance.md', 'services.md'];
const NAMES = {
  'better-auth': 'Better Auth',
  'fastapi-users': 'fastapi-users',
  keycloak: 'Keycloak',
  kratos: 'Kratos',
  'nestjs-boilerplate': 'NestJS boilerplate',
  'supabase-auth': 'Supabase Auth',
};

/** Writes what is generated of the pages from bench/results. @returns their paths */
export function writePages() {
  return PAGES.map((name) => {
    const path = join(DOCS, name);
    writeFileSync(path, filled(readFileSync(path, 'utf8')));
    return path;
  });
}

/** A page as it has to be by the results. */
export function filled(page) {
  const parts = { goals: goalsTable, peers: peersTable, charts, lag: lagTable };
  return page.replace(/<!-- (\w+) -->\n[^]*?<!-- \/\1 -->/g, (whole, name) =>
    !(name in parts) ? whole : `<!-- ${name} -->\n\n<!-- prettier-ignore -->\n${parts[name]()}\n\n<!-- /${name} -->`,
  );
}

function goalsTable() {
  const lines = Object.entries(ROWS).flatMap(([id, { what, case: name, figures, peer }]) => {
    const own = resultRows(id, [name, ...Object.values(figures).flatMap(({ from }) => from ?? [])]);
    return Object.entries(figures).map(([figure, { name: label, goal, better, unit, from }], index) => {
      // Of several others, the best one counts.
      const [found] = own.filter((row) => row.figure === figure).sort((one, other) => worseBy(other, one));
      const sign = better === 'more' ? '≥' : '≤';
      const shown = found ? `${number(found.measured)}${spreadOf(found)}` : 'not measured yet';
      const verdict = found ? (found.verdict === 'met' ? 'met' : '**missed**') : '';
      const command = `\`npm run bench${from === 'peers' ? ':peers' : ` -- ${id}`}\``;
      const first = index === 0 ? [id, what] : ['', ''];
      const beside = index === 0 && peer ? bestPeer(peer) : '';
      return [
        ...first,
        `${label}: ${goal === 0 ? 'none' : `${sign} ${number(goal)}${unitOf(unit)}`}`,
        shown,
        beside,
        verdict,
        found ? `${found.date}, ${found.machine.loadBefore[0]}` : '',
        index === 0 || from ? command : '',
      ];
    });
  });
  return table(
    ['#', 'What', 'Goal', 'Median (least to greatest)', 'Best of the others', 'Verdict', 'Day, load before', 'Command'],
    lines,
  );
}

/** Rows of the newest results of these cases. */
function resultRows(id, cases) {
  const results = cases.flatMap((name) => (name === 'peers' ? latestOfPeers() : (latest(name) ?? [])));
  const rows = results.flatMap(({ rows = [], date, machine }) => rows.map((row) => ({ ...row, date, machine })));
  return rows.filter((row) => row.id === id);
}

function bestPeer({ figure, better, unit }) {
  const found = latestOfPeers()
    .map(({ peer, figures }) => ({ peer, value: figures[peer]?.[figure] }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((one, other) => (better === 'more' ? other.value - one.value : one.value - other.value));
  return found[0] ? `${NAMES[found[0].peer] ?? found[0].peer} ${number(found[0].value)} ${unit}` : '';
}

/** What is compared, in the order of the table. */
export const FIGURES = {
  mePerCpuSecond: 'Who am I, requests a CPU-second of the service',
  refreshesPerCpuSecond: 'Refreshes a CPU-second of the service',
  signInsPerCpuSecond: 'Sign-ins a CPU-second of the service, cheapest hash each',
  registrationsPerCpuSecond: 'Registrations a CPU-second of the service, cheapest hash each',
  signInsPerSecondAsDelivered: 'Sign-ins a second, hash as delivered',
  readsBesideSignInsP99: 'Who am I while sign-ins saturate, p99 in ms',
  listFirstMs: 'List, a first page of ten, ms',
  listDeepOverFirst: 'List, time of page 100 over the first',
  postgresSecondsPer1000SignIns: 'PostgreSQL, seconds for 1,000 sign-ins',
  postgresSecondsPer1000Registrations: 'PostgreSQL, seconds for 1,000 registrations',
  memoryIdleMiB: 'Memory idle, MiB (PSS)',
  memoryAfterMiB: 'Memory after the load, MiB (PSS)',
  idleProcessorPercent: 'Idle, % of a core',
  startMs: 'Start to ready, ms',
  codeFlowsPerCpuSecond: 'OpenID code flows a CPU-second of the service',
  introspectionsPerCpuSecond: 'Introspections a CPU-second of the service',
};

function peersTable() {
  const results = latestOfPeers();
  if (results.length === 0) return 'Not measured yet.';
  const heads = results.map(({ peer, version, date }) => `${NAMES[peer] ?? peer} ${version} (${date})`);
  const lines = Object.entries(FIGURES).map(([figure, label]) => [
    label,
    ...results.map(({ peer, figures }) => `${value(figures.roster?.[figure])} : ${value(figures[peer]?.[figure])}`),
  ]);
  return table(['Roster : the other, in the same run', ...heads], lines);
}

/** How long what an application was given is still good, by what has ended it. */
function lagTable() {
  const found = latest('openid-lag');
  if (!found) return 'Not measured yet: `npm run bench -- openid-lag`.';
  const { asItIs, withoutHints, feedCut, date, machine } = found;
  const lines = Object.entries(asItIs.causes).map(([cause, { letInHere, askedHere, anotherServer, service }]) => [
    `${cause} (${anotherServer.samples} times)`,
    `${letInHere} of ${askedHere}`,
    `${number(anotherServer.p99)} ms (${number(anotherServer.longest)})`,
    `${number(service.p99)} ms (${number(service.longest)})`,
  ]);
  const worst = (place) => number(Math.max(...Object.values(withoutHints.causes).map((cause) => cause[place].p99)));
  return [
    table(
      [
        'After',
        'requests let in at the same server',
        'another server, p99 (longest)',
        'a service with `@roster/verify`',
      ],
      lines,
    ),
    '',
    `With the connection for notifications silently cut, p99 at worst: ${worst('anotherServer')} ms on another server, ${worst('service')} ms in a service.`,
    `A service whose feed is silently cut takes tokens for ${number(feedCut.longest)} ms at most, with a \`maxLag\` of ${number(feedCut.maxLag)} ms, then answers 503.`,
    `Measured on ${date} by \`npm run bench -- openid-lag\`, beside ${number(asItIs.reads)} reads a second, load before ${machine.loadBefore[0]}.`,
  ].join('\n');
}

function charts() {
  const names = [...new Set(Object.values(ROWS).map((row) => row.case)), 'openid-lag'];
  const found = [...names.flatMap((name) => latest(name) ?? []), ...latestOfPeers()];
  if (found.length === 0) return 'None yet.';
  return found
    .map(({ name, file, date }) => `- [${name}](../bench/results/${file.replace(/json$/, 'svg')}) (${date})`)
    .join('\n');
}

const value = (one) => (Number.isFinite(one) ? number(one) : '–');
const number = (one) => one.toLocaleString('en', { maximumFractionDigits: Math.abs(one) < 1 ? 3 : 2 });
const unitOf = (unit) => (unit === 'ratio' ? '' : ` ${unit}`);
const spreadOf = ({ spread, unit }) =>
  spread ? ` (${number(spread[0])} to ${number(spread[1])})${unitOf(unit)}` : unitOf(unit);
const table = (head, lines) =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
