import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { filled, PAGES } from '../../bench/support/table.mjs';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';

const pageOf = (name: string): string => readFileSync(join(PACKAGE_ROOT, 'docs', name), 'utf8');
const ROWS = Array.from({ length: 21 }, (_, index) => `P${index + 1}`);

describe('What is generated of the pages', () => {
  it.each(PAGES)('says in docs/%s what the newest results say: `npm run bench -- --table` writes it again', (name) => {
    expect(filled(pageOf(name))).toBe(pageOf(name));
  });
});

describe('docs/performance.md', () => {
  it.each(ROWS)('has row %s with its command', (id) => {
    expect(pageOf('performance.md')).toMatch(new RegExp(`^\\| ${id} \\|.* \`npm run bench -- ${id}\` \\|$`, 'm'));
  });
});
