// npm run test:coverage: how much of src `npm test` and `npm run test:slow` run, lines and branches, processes that they start
// included. With --check, only reads what a run with ROSTER_COVERAGE left, and compares it with what the README says.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'coverage');
/** Points that the figures may be below those of the README. */
const BAND = 2;
const isCheck = process.argv.includes('--check');

if (!isCheck) {
  rmSync(FOLDER, { recursive: true, force: true });
  const suites = ['--selectProjects', 'unit', 'console', 'integration', 'e2e', 'slow'];
  run('jest', suites, { ROSTER_COVERAGE: join(FOLDER, 'raw') });
}
run('c8', [
  ...['report', '--temp-directory', join(FOLDER, 'raw'), '--reports-dir', FOLDER, '--src', 'src', '--all'],
  ...['--exclude-after-remap', '--include', 'src/**/*.ts', '--exclude', '**/*.d.ts'],
  ...['--reporter', 'json-summary', '--reporter', 'html', '--reporter', 'text-summary'],
]);
const { total } = JSON.parse(readFileSync(join(FOLDER, 'coverage-summary.json'), 'utf8'));
const told = /(\d+(?:\.\d+)?) % of the lines and (\d+(?:\.\d+)?) % of the branches/.exec(
  readFileSync(join(ROOT, 'README.md'), 'utf8'),
);
const figures = [
  ['lines', total.lines.pct, Number(told?.[1])],
  ['branches', total.branches.pct, Number(told?.[2])],
];
for (const [what, measured, inReadme] of figures) {
  console.log(`${what}: ${measured} %, in the README ${inReadme} %`);
  if (!(measured >= inReadme - BAND)) {
    console.error(`That is more than ${BAND} points less. Test what is new, or say what is true in the README.`);
    process.exitCode = 1;
  } else if (measured > inReadme + BAND) console.error('The README may say more.');
}

function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
