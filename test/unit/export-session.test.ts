import { once } from 'node:events';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Caller } from '../../src/access/caller.js';
import { ExportUsersController } from '../../src/users/export/export-users.controller.js';

type Parts = ConstructorParameters<typeof ExportUsersController>;
const caller = { userId: 'ada', sessionId: 'one', role: 'ADMIN' } as Caller;

afterEach(() => void jest.restoreAllMocks());

/** An export of three pages, whose caller is this before each. */
function exportWith(callers: readonly (Caller | undefined)[]) {
  let asked = 0;
  async function* all() {
    for (let page = 0; page < 3; page++) yield await Promise.resolve([]);
  }
  const callerNow = (): Promise<Caller | undefined> => Promise.resolve(callers[asked++]);
  const controller = new ExportUsersController(
    ...([{}, {}, { now: () => new Date() }, { all }, { callerNow }] as unknown as Parts),
  );
  const request = { headers: {} } as Parameters<ExportUsersController['exportAll']>[1];
  return controller.exportAll(caller, request).getStream();
}

/** @returns how many pages were read */
async function readWith(callers: readonly (Caller | undefined)[]): Promise<number> {
  let pages = 0;
  try {
    for await (const text of exportWith(callers)) {
      expect(String(text)).toBe('');
      pages++;
    }
  } catch (error) {
    expect(String(error)).toContain('has ended');
    return pages;
  }
  expect(pages).toBe(3);
  return pages;
}

describe('an export of everybody', () => {
  it('is whole while its session goes on', async () => {
    expect(await readWith([caller, caller, caller])).toBe(3);
  });

  it('breaks off when nobody has read it for a minute', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const file = exportWith([caller, caller, caller]);
    await once(file, 'readable');
    const passed = timers.mock.calls.find(([, ms]) => ms === 60_000)?.[0] as () => void;
    const failed = new Promise((resolve) => void file.once('error', resolve));
    passed();
    expect(String(await failed)).toContain('not read any more');
    expect(file.destroyed).toBe(true);
  });

  it.each<[string, Caller | undefined]>([
    ['the session has ended', undefined],
    ['the caller is no ADMIN any more', { ...caller, role: 'MANAGER' }],
  ])('breaks off before the next page when %s', async (_, now) => {
    expect(await readWith([caller, now, caller])).toBe(1);
  });
});
