import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from '@jest/globals';
import cliProgress from 'cli-progress';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { report } from './process.js';
import { FULL, type Machine, machine, type Scale, scaled } from './scale.js';

const RESULTS = join(PACKAGE_ROOT, 'test/soak/results');
const PATIENCE_MS = 3_600_000;

interface Soak<Count extends string> {
  /** How many of each this time: as declared, or a tenth of it where `SOAK=full` is not set. */
  readonly counts: Readonly<Record<Count, number>>;
  /** Shows a bar, or away from a terminal a line now and then; what it gives is called at each of `total` steps. */
  readonly progress: (what: string, total: number) => () => void;
}

interface Seen {
  /** One sentence for people, with the figures that matter. */
  readonly summary: string;
  readonly figures: Readonly<Record<string, unknown>>;
}

/**
 * A test that goes on for long or goes round often, which `npm run test:soak` runs in full and `npm run test:soak:short` with
 * a tenth of its counts. What a full run saw goes to `test/soak/results/<date>-<name>.json`.
 * @param scale the counts of the full run, and for the short one where that is not to be a tenth
 */
export function soak<Count extends string>(
  name: string,
  sentence: string,
  scale: Scale<Count>,
  run: (soak: Soak<Count>) => Promise<Seen>,
): void {
  it(
    sentence,
    async () => {
      const counts = scaled(scale);
      const begin = Date.now();
      const bars: cliProgress.SingleBar[] = [];
      const { summary, figures } = await run({ counts, progress: progressInto(bars) }).finally(() => {
        for (const bar of bars) if (bar.isActive) bar.stop();
      });
      const seconds = Math.round((Date.now() - begin) / 1000);
      report(`${summary} (${seconds} s)`);
      if (!FULL) return;
      const date = new Date().toISOString().slice(0, 10);
      const result: Result = {
        name,
        date,
        sentence,
        counts,
        seconds,
        summary,
        figures,
        machine: await machine(),
      };
      writeFileSync(join(RESULTS, `${date}-${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
      writeFileSync(join(RESULTS, 'README.md'), overview());
    },
    PATIENCE_MS,
  );
}

interface Result extends Seen {
  readonly name: string;
  readonly date: string;
  readonly sentence: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly machine: Machine;
}

/** One line a result, the newest first. */
function overview(): string {
  const files = readdirSync(RESULTS).filter((file) => file.endsWith('.json'));
  const lines = files.sort().map((file) => {
    const result = JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as Result;
    const { cores, memoryGiB, node, postgresql, fsync } = result.machine;
    const where = `${cores} cores, ${memoryGiB} GiB, Node ${node}, PostgreSQL ${postgresql}, fsync ${fsync}`;
    return `- [${result.date} ${result.name}](${file}): ${result.summary} ${result.seconds} s; ${where}.\n`;
  });
  return `# What the full soak tests saw\n\nWritten by \`npm run test:soak\`.\n\n${lines.reverse().join('')}`;
}

function progressInto(bars: cliProgress.SingleBar[]): Soak<string>['progress'] {
  return (what, total) => {
    const format = `    ${what} {bar} {percentage}% | {value} of {total} | {duration_formatted} | {eta_formatted} left`;
    const bar = new cliProgress.SingleBar(
      { format, noTTYOutput: true, notTTYSchedule: 15_000, stopOnComplete: true },
      cliProgress.Presets.shades_classic,
    );
    bars.push(bar);
    bar.start(total, 0);
    return () => bar.increment();
  };
}
