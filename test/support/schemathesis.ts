import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { installPython } from './python.js';

const run = promisify(execFile);
const REQUIREMENTS = resolve('test/contract/requirements.txt');
const CONFIG = resolve('test/contract/schemathesis.toml');

/** Installs Schemathesis where it is not yet, and gives the path of the Python that has it. @throws Error saying what is missing */
export async function installSchemathesis(): Promise<string> {
  // Not bin/schemathesis, whose first line names the folder that it was installed in: a checkout may be moved.
  return join(await installPython('schemathesis', REQUIREMENTS), 'bin/python');
}

export interface SchemathesisRun {
  /** Where it may write. */
  readonly folder: string;
  /** Of who asks; nobody without it. */
  readonly token?: string;
  /** The same seed tries the same values. */
  readonly seed: number;
  /** How many values of each kind are tried for an operation. */
  readonly examples: number;
}

/** Runs all checks against the server. @throws Error with the whole report when one fails */
export async function runSchemathesis(
  python: string,
  document: string,
  url: string,
  { folder, token, seed, examples }: SchemathesisRun,
): Promise<string> {
  const options = ['--checks', 'all', '--seed', String(seed), '--max-examples', String(examples)];
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
