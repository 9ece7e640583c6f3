import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { results } from '../faults/support/fault-table.js';
import { FAULTS } from '../faults/support/faults.js';
import { PAGE, pageOf } from '../faults/support/reliability-page.js';

const read = (file: string) => readFileSync(join(PACKAGE_ROOT, file), 'utf8');

describe('docs/reliability.md', () => {
  it('says what the full runs of the tests saw, and nothing else', async () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(await pageOf(results()));
  });

  it('has no results of what is no fault any more', () => {
    expect([...results().keys()].filter((name) => !Object.hasOwn(FAULTS, name))).toEqual([]);
  });

  it.each([...results().keys()])(
    'has no change lost or doubled, and the words of the test that CI runs: %s',
    (name) => {
      const result = results().get(name);
      expect(result).toMatchObject({ lost: 0, doubled: 0 });
      const test = read(result!.test);
      expect(test).toMatch(new RegExp(`\\bfault\\(\\s*'${name}'`));
      expect(test).toContain(result!.sentence);
    },
  );

  it('has no fault by a name that two tests report', () => {
    const tests = globSync('test/**/*.test.ts', { cwd: PACKAGE_ROOT, exclude: ['test/readme/**'] })
      .map(read)
      .join('\n');
    const named = [...tests.matchAll(/\bfault\(\s*'([\w-]+)'/g)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(FAULTS).sort());
  });
});
