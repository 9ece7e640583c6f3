import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SecretKeyFile } from '../../src/config/secret-key-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = () => Promise.resolve(false);
const always = () => Promise.resolve(true);
const read = (opens = never) => new SecretKeyFile(folder).read(opens);
const file = () => join(folder, 'secret-key');

describe('the key of a data directory', () => {
  it('is made once, for its owner alone, and nothing else is left', async () => {
    const keys = await Promise.all([read(), read(), read()]);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toHaveLength(64);
    expect(readFileSync(file(), 'utf8')).toBe(keys[0]);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['secret-key']);
  });

  it('is never an empty one, which a crash or a full disk may have left', async () => {
    for (const text of ['', '\n']) {
      writeFileSync(file(), text);
      await expect(read(always)).rejects.toThrow(/secret-key is empty/);
    }
    const key = SecretKeyFile.generate();
    writeFileSync(file(), key);
    writeFileSync(`${file()}.next`, '');
    expect(await read(always)).toBe(key);
  });
});
