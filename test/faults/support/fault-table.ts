import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../../src/config/package-root.js';
import { report } from '../../support/process.js';
import { type Counts, FULL, machine, type Scale, scaled } from '../../support/scale.js';
import type { FaultName } from './faults.js';
import type { Ledger } from './ledger.js';
import { PAGE, pageOf, type Result, RESULTS } from './reliability-page.js';

const PATIENCE_MS = 3_600_000;

interface Outcome {
  /** What clients asked for. The last that they asked for must have succeeded, with nobody's help. */
  readonly ledger: Ledger;
  /** The names of all changes that were found afterwards, where they belong, as often as each was found there. */
  readonly found: readonly string[];
  /** A sentence for the page, with what else was seen. */
  readonly remark?: string;
}

/**
 * A test that is a row of `docs/reliability.md`: something breaks while clients ask for changes. It fails where a change that was
 * acknowledged is missing or there twice, where anybody was answered with anything but success, 503, 429 or a cut connection, and
 * where service did not come back by itself. Run in full (`SOAK=full npm run test:faults`), it also writes its row; else it runs
 * with a tenth of its counts.
 * @param sentence what is true of Roster, as in `it()`
 * @param scale how often each thing is done, by its name in the plural; the page says so
 */
export function fault<Count extends string>(
  name: FaultName,
  sentence: string,
  scale: Scale<Count>,
  run: (counts: Counts<Count>) => Promise<Outcome>,
): void {
  it(
    sentence,
    async () => {
      const counts = scaled(scale);
      const begin = Date.now();
      const { ledger, found, remark } = await run(counts);
      const seconds = Math.round((Date.now() - begin) / 1000);
      const { lost, doubled } = compared(ledger.acknowledged, found);
      const refusals = Object.fromEntries(ledger.refusals);
      report(
        `${name}: ${ledger.acknowledged.length} changes acknowledged, ${lost.length} lost, ${doubled.length} doubled; refused ` +
          `${JSON.stringify(refusals)}, for ${ledger.longestRefusalMs} ms at most; ${seconds} s. ${remark ?? ''}`,
      );
      expect({ lost, doubled, unexpected: ledger.unexpected }).toEqual({ lost: [], doubled: [], unexpected: [] });
      expect(ledger.isServed).toBe(true);
      if (!FULL) return;
      const result: Result = {
        date: new Date().toISOString().slice(0, 10),
        sentence,
        test: expect.getState().testPath!.slice(PACKAGE_ROOT.length + 1),
        counts,
        acknowledged: ledger.acknowledged.length,
        lost: lost.length,
        doubled: doubled.length,
        refusals,
        longestRefusalMs: ledger.longestRefusalMs,
        seconds,
        machine: await machine(),
        ...(remark !== undefined && { remark }),
      };
      mkdirSync(RESULTS, { recursive: true });
      writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
      writeFileSync(PAGE, await pageOf(results()));
    },
    PATIENCE_MS,
  );
}

/** What full runs saw last, by fault. */
export function results(): ReadonlyMap<string, Result> {
  const files = readdirSync(RESULTS).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as Result]),
  );
}

function compared(acknowledged: readonly string[], found: readonly string[]): { lost: string[]; doubled: string[] } {
  const times = new Map<string, number>();
  for (const name of found) times.set(name, (times.get(name) ?? 0) + 1);
  return {
    lost: acknowledged.filter((name) => !times.has(name)),
    doubled: [...times].filter(([, count]) => count > 1).map(([name]) => name),
  };
}
