import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings, SETTINGS } from '../../src/config/settings.js';

const source = () => readFileSync(join(PACKAGE_ROOT, '.env.example'), 'utf8');
const COMPOSE = '# --- docker compose';
const part = (index: number) => source().split(COMPOSE)[index] ?? '';
/** Lines that set something, or would without their `#`. */
const lines = (text = part(0)) => text.split('\n').filter((line) => /^#?\s*[A-Z][A-Z0-9_]*=/.test(line));
const isOff = (line: string) => line.startsWith('#');
const on = (line: string) => line.replace(/^#\s*/, '');

describe('.env.example', () => {
  it('names what docker-compose.yml takes beside the settings, under a heading of its own', () => {
    const compose = readFileSync(join(PACKAGE_ROOT, 'docker-compose.yml'), 'utf8');
    const taken = new Set([...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name));
    const beside = [...taken].filter((name) => !Object.hasOwn(SETTINGS, name));
    expect(
      lines(part(1))
        .map((line) => on(line).split('=', 1)[0])
        .sort(),
    ).toEqual(beside.sort());
  });

  it('names every setting once, in the order of SETTINGS, and no other', () => {
    const names = lines().map((line) => on(line).split('=', 1)[0]);
    expect([...names].sort()).toEqual(Object.keys(SETTINGS).sort());
    expect(names).toEqual(Object.keys(SETTINGS));
  });

  it('gives each its default, as the program that reads the file understands it', () => {
    const given = parseEnv(lines().map(on).join('\n'));
    const defaults = Object.entries<{ default?: string }>(SETTINGS).map(([name, setting]) => [
      name,
      setting.default ?? '',
    ]);
    expect(given).toEqual(Object.fromEntries(defaults));
  });

  it('leaves out with a # what has no default, and PUBLIC_URL, which follows PORT until it is set', () => {
    const off = lines()
      .filter(isOff)
      .map((line) => on(line).split('=', 1)[0]);
    const without = Object.entries<{ default?: string }>(SETTINGS).filter(
      ([name, setting]) => setting.default === undefined || name === 'PUBLIC_URL',
    );
    expect(off).toEqual(without.map(([name]) => name));
  });

  it('copied as it is changes nothing', () => {
    expect(loadSettings(parseEnv(source()))).toEqual(loadSettings({}));
  });

  it('explains each with the description of SETTINGS', () => {
    const text = source().toLowerCase();
    for (const { describe: description } of Object.values(SETTINGS)) expect(text).toContain(description.toLowerCase());
  });
});
