import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { runCommand } from '../support/cli.js';

describe('roster --version', () => {
  it('prints the release, with no setting read', async () => {
    const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
    // One that stops every other command.
    const { code, stdout, stderr } = await runCommand(['--version'], { PORT: 'none' });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
