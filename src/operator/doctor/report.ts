import type { Finding, FindingState } from './finding.js';

const WORDS: Readonly<Record<FindingState, string>> = {
  ok: 'ok',
  warning: 'WARNING',
  failed: 'FAILED',
  unknown: 'unknown',
};
const WORD_WIDTH = 9;
const ABOUT_WIDTH = 13;
const INDENT = ' '.repeat(WORD_WIDTH);

/** One finding for a terminal: a line, and below it what was expected and what to do. */
export function findingText({ state, about, seen, expected, advice }: Finding): string {
  const more = (name: string, text: string | undefined) =>
    text === undefined ? [] : [`${INDENT}${name.padEnd(ABOUT_WIDTH)}${text}`];
  return [
    `${WORDS[state].padEnd(WORD_WIDTH)}${about.padEnd(ABOUT_WIDTH)}${seen}`,
    ...more('  expected', expected),
    ...more('  do', advice),
  ].join('\n');
}

export function summaryText(findings: readonly Finding[]): string {
  const { failed, warning, unknown } = countsOf(findings);
  if (failed > 0)
    return `\n${failed} ${failed === 1 ? 'thing' : 'things'} failed. Begin with the first: others may follow from it.`;
  const rest = [
    ...(warning > 0 ? [`${warning} ${warning === 1 ? 'warning' : 'warnings'}`] : []),
    ...(unknown > 0 ? [`${unknown} could not be asked`] : []),
  ];
  return `\nNothing failed${rest.length > 0 ? `; ${rest.join(', ')}` : ''}.`;
}

/** For programs: the same in one JSON object. */
export function reportJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ok: !hasFailed(findings), counts: countsOf(findings), findings }, null, 2);
}

export function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === 'failed');
}

function countsOf(findings: readonly Finding[]): Record<FindingState, number> {
  const counts = { ok: 0, warning: 0, failed: 0, unknown: 0 };
  for (const { state } of findings) counts[state]++;
  return counts;
}
