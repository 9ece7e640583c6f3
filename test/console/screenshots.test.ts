import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';

const PAGES = [
  ...['application', 'applications', 'events', 'health', 'help', 'people', 'person'],
  ...['service-accounts', 'webhooks'],
];
const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-screenshots-test-'));
  // As `npm run screenshots -- FOLDER` does. What is on the pictures is not compared: pages change.
  await promisify(execFile)(process.execPath, ['console/screenshots.mjs', folder], { cwd: PACKAGE_ROOT });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run screenshots', () => {
  it('takes a picture of each page of the console, light and dark', () => {
    const wanted = PAGES.flatMap((page) => [`console-${page}-dark.png`, `console-${page}.png`]);
    expect(readdirSync(folder).sort()).toEqual(wanted.sort());
    for (const name of wanted) expect(readFileSync(join(folder, name)).subarray(0, 8)).toEqual(PNG);
  });
});
