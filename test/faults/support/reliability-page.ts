import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { PACKAGE_ROOT } from '../../../src/config/package-root.js';
import type { Machine } from '../../support/scale.js';
import { FAULTS, type FaultName } from './faults.js';

export const PAGE = join(PACKAGE_ROOT, 'docs/reliability.md');
export const RESULTS = join(PACKAGE_ROOT, 'test/faults/results');

/** What a full run of the test of one fault saw. */
export interface Result {
  readonly date: string;
  /** What is true of Roster, as the test says it. */
  readonly sentence: string;
  /** The file of the test. */
  readonly test: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly longestRefusalMs: number;
  readonly seconds: number;
  readonly machine: Machine;
  readonly remark?: string;
  /** Whether it ran with the counts of CI. */
  readonly isShort?: boolean;
  /** Whether the machine did much else at the same time. */
  readonly isBusy?: boolean;
}

/** `docs/reliability.md` with these results, as Prettier formats it. */
export async function pageOf(results: ReadonlyMap<string, Result>): Promise<string> {
  const names = Object.keys(FAULTS).filter((name) => results.has(name)) as FaultName[];
  const missing = Object.entries(FAULTS).filter(([name]) => !results.has(name));
  const rows = names.map((name) => ({ what: FAULTS[name], ...results.get(name)! }));
  const places = new Set(rows.map(({ machine: at }) => `${at.cores} cores, ${at.memoryGiB} GiB, Node ${at.node}`));
  const busy = rows.some(({ isBusy }) => isBusy) ? ' The machine did much else at the same time.' : '';
  const text = `# What happens when something breaks

Written by \`SOAK=full npm run test:faults\`, and by \`npm run test:soak\` where brokers are concerned. Each row is a test that breaks something while clients ask for changes, with real
servers, databases, mail servers and brokers. CI runs every one of them with a tenth of its counts, and fails where an
acknowledged change is lost or doubled, where anything but success, 503 or 429 is answered, or where service does not come back by itself.

- **Acknowledged**: changes that the server answered with success. Each was looked for afterwards: **lost** are those that were
  missing, **doubled** those that were there more than once.
- **Refused**: changes that were answered with 503 or 429, or not at all because the connection was cut. What was not answered may have
  been made or not.
- **Longest refusal**: from a refused change to the next one of any client that succeeded, the outage itself included.
- Service came **back by itself** in every row: nobody restarted or repaired anything but what the row says.

Figures are of ${[...places].join('; ')}, with the clients on the same machine. They tell the order of magnitude.${busy}

| What is done | How often | Acknowledged | Lost | Doubled | Refused | Longest refusal | Seen |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |
${rows.map(rowOf).join('\n')}

${missing.length > 0 ? `Tested in CI with a tenth of the counts, and not run in full yet:\n\n${missing.map(([, what]) => `- ${what}.`).join('\n')}\n` : ''}
## What else was seen

${rows.map(({ what, sentence, test, remark }) => `- **${what}.** ${told(sentence)} ${remark ?? ''} ([test](../${test}))`).join('\n')}
`;
  return format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

function rowOf(row: Result & { readonly what: string }): string {
  const counts = Object.entries(row.counts).map(([of, count]) => `${thousands(count)} ${of}`);
  const refused = Object.values(row.refusals).reduce((sum, times) => sum + times, 0);
  const cells = [
    ...[
      row.what,
      `${counts.join(', ')}${row.isShort ? ' (a short run)' : ''}`,
      ...[row.acknowledged, row.lost, row.doubled, refused].map(thousands),
    ],
    ...[refused === 0 ? 'none' : duration(row.longestRefusalMs), row.date],
  ];
  return `| ${cells.join(' | ')} |`;
}

const thousands = (count: number): string => count.toLocaleString('en-US');
const duration = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);
const told = (sentence: string): string => `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
