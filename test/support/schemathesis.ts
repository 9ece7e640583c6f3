import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REQUIREMENTS = resolve('test/contract/requirements.txt');
const CONFIG = resolve('test/contract/schemathesis.toml');

/** Installs Schemathesis where it is not yet, and gives the path of the Python that has it. @throws Error saying what is missing */
export async function installSchemathesis(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = resolve(`node_modules/.cache/schemathesis-${version}`);
  // Not bin/schemathesis, whose first line names the folder that it was installed in: a checkout may be moved.
  const python = join(folder, 'bin/python');
  const done = join(folder, 'installed');
  if (existsSync(done)) return python;
  rmSync(folder, { recursive: true, force: true });
  try {
    await run('python3', ['-m', 'venv', folder]);
  } catch (error) {
    throw new Error(
      'The contract tests need Python 3.10 or later with venv and pip (Debian: apt-get install python3 python3-venv python3-pip).',
      { cause: error },
    );
  }
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
  await run('touch', [done]);
  return python;
}

/** Runs all checks against the server. @throws Error with the whole report when one fails */
export async function runSchemathesis(
  python: string,
  document: string,
  url: string,
  { folder, token }: { folder: string; token?: string },
): Promise<string> {
  const options = ['--checks', 'all', '--seed', '1', '--max-examples', process.env['CONTRACT_EXAMPLES'] ?? '8'];
  const bearer = token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`];
  try {
    const { stdout, stderr } = await run(
      python,
      [
        '-m',
        'schemathesis.cli',
        '--config-file',
        CONFIG,
        'run',
        document,
        '--url',
        url,
        '--no-color',
        '--continue-on-failure',
        ...options,
        ...bearer,
      ],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
    );
    // A fault of its own ends a part of the run, and not the run.
    if (!/Selected: (\d+)\/\1\n\s+Tested: \1\n/.test(stdout) || stderr.includes('Traceback')) {
      throw new Error(`Schemathesis did not try every operation:\n${stdout}${stderr}`);
    }
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`Schemathesis found what is not as the API document says:\n${stdout ?? ''}${stderr ?? ''}`, {
      cause: error,
    });
  }
}
