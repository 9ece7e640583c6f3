import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { objectionToNode } from '../../src/server/node-version.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roster-node-'));
});
afterAll(() => {
  // Nothing was begun.
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

function start(entry: string, program: string, ...flags: string[]): SpawnSyncReturns<string> {
  return spawnSync(program, [...flags, join(PACKAGE_ROOT, 'dist', entry)], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], DATA_DIR: join(folder, 'data') },
    timeout: 30_000,
  });
}

/** Node 24, which says that it is another one. */
const claiming = (version: string): string =>
  `--import=data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;

const majorOf = (program: string): number =>
  Number.parseInt(spawnSync(program, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout, 10);

/** The one that npm itself runs on, where that is older than Roster's. */
const older = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((path) => join(path, 'node'))
  .find((program) => existsSync(program) && majorOf(program) < 24);

const ENTRIES = [
  { entry: 'main.js', what: 'the server' },
  { entry: 'cli.js', what: 'the commands' },
  { entry: 'index.js', what: 'the package' },
];

describe('An older Node', () => {
  it.each(ENTRIES)('is refused by $what in one sentence that says what to do', ({ entry }) => {
    for (const version of ['18.20.8', '20.19.4', '23.11.1']) {
      const { status, stdout, stderr } = start(entry, process.execPath, claiming(version));
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(
        `Roster needs Node 24 or newer, and this is Node ${version} (${process.execPath}).\nInstall a newer one: https://nodejs.org/en/download`,
      );
      if (entry !== 'index.js') expect(stderr).not.toContain('at ');
    }
  });

  (older === undefined ? it.skip.each(ENTRIES) : it.each(ENTRIES))(
    'is refused by $what before anything that it cannot load, where npm runs on one',
    ({ entry }) => {
      const { status, stdout, stderr } = start(entry, older!);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`Roster needs Node 24 or newer, and this is Node ${majorOf(older!)}.`);
      expect(stderr).not.toMatch(/SyntaxError|TypeError|is not a function/);
    },
  );

  it('is older than what the package says that it needs, and what npm brings', () => {
    const { engines, devDependencies } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
      engines: { node: string };
      devDependencies: { node: string };
    };
    const least = /^>=(\d+)$/.exec(engines.node)![1]!;
    expect(objectionToNode(`${least}.0.0`, 'node')).toBeUndefined();
    expect(objectionToNode(`${Number(least) - 1}.99.0`, 'node')).toContain(`needs Node ${least} or newer`);
    expect(objectionToNode(devDependencies.node, 'node')).toBeUndefined();
  });
});
