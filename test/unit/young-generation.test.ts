import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const MODULE = resolve(import.meta.dirname, '../../src/server/young-generation.ts');

// In a process of its own: how far the space has grown in this one depends on the tests before.
const PROGRAM = `
  import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  import { YoungGeneration } from '${MODULE}';
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const young = new YoungGeneration();
  const alive = [];
  const work = async () => {
    for (let round = 0; round < 400; round++) {
      for (let index = 0; index < 5000; index++) alive[(round * 5000 + index) % 60000] = { round, of: [index, index] };
      young.look();
      await new Promise(setImmediate);
    }
  };
  const now = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20;
  const seen = [];
  await work();
  seen.push(now());
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  seen.push(now());
  await work();
  seen.push(now());
  console.log(JSON.stringify(seen));
`;

function sizes(...options: string[]): readonly number[] {
  const args = [...options, '--input-type=module', '--eval', PROGRAM];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as number[];
}

it('lets the space for new objects grow to 32 MiB, and again when V8 has made it small', () => {
  const [busy, quiet, busyAgain] = sizes();
  expect(busy).toBe(32);
  expect(quiet).toBeLessThan(16);
  expect(busyAgain).toBe(32);
});

it('leaves a limit that the operator gives to Node.js', () => {
  expect(sizes('--max-semi-space-size=64')[0]).toBeGreaterThan(32);
});
