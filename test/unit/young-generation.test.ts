import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const MODULE = resolve(import.meta.dirname, '../../src/server/young-generation.ts');

// In a process of its own: how far the space has grown in this one depends on the tests before.
const PROGRAM = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { YoungGeneration } from '${MODULE}';
  new YoungGeneration().letGrow();
  const alive = [];
  for (let round = 0; round < 400; round++) {
    for (let index = 0; index < 5000; index++) alive[(round * 5000 + index) % 60000] = { round, of: [index, index] };
    await new Promise(setImmediate);
  }
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20);
`;

const grownTo = (...options: string[]) =>
  Number(execFileSync(process.execPath, [...options, '--input-type=module', '--eval', PROGRAM], { encoding: 'utf8' }));

it('lets the space for new objects grow to 32 MiB', () => {
  expect(grownTo()).toBe(32);
});

it('leaves a limit that the operator gives to Node.js', () => {
  expect(grownTo('--max-semi-space-size=64')).toBeGreaterThan(32);
});
