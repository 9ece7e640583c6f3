import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';

const run = promisify(execFile);
const LOG = join(PACKAGE_ROOT, 'dist/ops/log.js');

/** What a process of its own leaves on its standard output, which is a pipe. */
async function written(script: string): Promise<unknown[]> {
  const program = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    const log = createLog({ LOG_LEVEL: 'info', NODE_ENV: 'production' });
    ${script}`;
  const ended = run(process.execPath, ['--input-type=module', '--eval', program]);
  const { stdout } = await ended.catch((error: unknown) => error as { stdout: string });
  const lines = stdout.trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { msg: unknown }).msg);
}

// Lines of a moment are written together: none may be lost, or change its place, because the process ends first.
describe('the log of a process', () => {
  it.each([
    ['ends by itself', ''],
    ['is ended', 'process.exit(1);'],
    ['throws', "throw new Error('fatal');"],
  ])('has every line, in order, of one that %s', async (_, end) => {
    const lines = Array.from({ length: 1000 }, (_unused, index) => `line ${index}`);
    expect(await written(`for (let index = 0; index < 1000; index++) log.info('line ' + index); ${end}`)).toEqual(
      lines,
    );
  });

  it('is written while the process goes on', async () => {
    const script = "log.info('now'); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1000);";
    expect(await written(script)).toEqual(['now']);
  });
});
