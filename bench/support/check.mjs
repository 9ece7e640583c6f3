import { execFileSync } from 'node:child_process';
import { RESULTS } from './results.mjs';
import { worseBy } from './rows.mjs';

const BOUND = 0.15;

/**
 * What got slower than in the last committed results. Ratios are compared, since machines differ; what is given in another unit
 * counts when it no longer reaches a goal that it reached.
 * @returns a sentence for each
 */
export function compareWithCommitted(rows) {
  const before = committedRows();
  return rows.flatMap((row) => {
    const last = before.get(`${row.id} ${row.figure}`);
    if (last === undefined) return [];
    const worse = worseBy(row, last);
    const isSlower = row.unit === 'ratio' ? worse > BOUND : row.verdict === 'missed' && last.verdict === 'met';
    if (!isSlower) return [];
    const share = Math.round(worse * 100);
    return [
      `${row.id} ${row.name} got worse by ${share} %: ${row.measured} ${row.unit}, was ${last.measured} on ${last.date}`,
    ];
  });
}

/** By row and figure, of the newest file of each case. */
function committedRows() {
  const git = (...words) => execFileSync('git', words, { cwd: RESULTS, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const files = git('ls-tree', '--name-only', 'HEAD', './').split('\n');
  const rows = new Map();
  // Sorted by their date: what comes later is newer.
  for (const file of files.filter((name) => name.endsWith('.json')).sort()) {
    const { rows: found = [], date } = JSON.parse(git('show', `HEAD:./${file}`));
    for (const row of found) rows.set(`${row.id} ${row.figure}`, { ...row, date });
  }
  return rows;
}
