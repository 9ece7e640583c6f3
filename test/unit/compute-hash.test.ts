import { afterEach, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import type { Statements } from '../../src/database/statements.js';
import { HashFloor } from '../../src/auth/passwords/hash-floor.js';
import { computeHash } from '../../src/auth/passwords/hash-pool/compute-hash.js';

afterEach(() => void jest.restoreAllMocks());

describe('a comparison', () => {
  it.each([4, 5, 6, 7])(
    'takes the rounds of cost 7 with a hash of cost %i, right or wrong (ASVS 5.0 V6.3.8)',
    (cost) => {
      const stored = bcrypt.hashSync('right', cost);
      const compare = jest.spyOn(bcrypt, 'compareSync');
      const hash = jest.spyOn(bcrypt, 'hashSync');
      for (const [prehash, same] of [
        ['right', true],
        ['wrong', false],
      ] as const) {
        hash.mockClear();
        expect(computeHash({ prehash, cost: 7, stored })).toBe(same);
        const rounds = hash.mock.calls.reduce((sum, [, salt]) => sum + 2 ** Number(salt), 2 ** cost);
        expect(rounds).toBe(2 ** 7);
      }
      expect(compare).toHaveBeenCalledTimes(2);
    },
  );

  it('takes as long with the costliest imported hash as with one of ours and with nobody', () => {
    let clock = 0;
    const work = (rounds: number): void => void (clock += rounds);
    jest.spyOn(performance, 'now').mockImplementation(() => clock);
    jest.spyOn(bcrypt, 'hashSync').mockImplementation((_, cost) => (work(2 ** Number(cost)), ''));
    jest.spyOn(bcrypt, 'compareSync').mockImplementation((_, hash) => (work(2 ** Number(hash.slice(4, 6))), false));
    const hashOf = (cost: string): string => `$2b$${cost}$${'a'.repeat(53)}`;
    const took = (compare: () => unknown): number => {
      const begin = clock;
      compare();
      return clock - begin;
    };
    for (const cost of [4, 8, 10]) {
      const floor = { cost, floor: 2 ** 10 };
      const imported = took(() =>
        computeHash({ password: 'x', foreign: { kind: 'bcrypt', hash: hashOf('10') }, ...floor }),
      );
      const cheap = took(() =>
        computeHash({ password: 'x', foreign: { kind: 'bcrypt', hash: hashOf('05') }, ...floor }),
      );
      const ours = took(() => computeHash({ prehash: 'x', stored: hashOf(String(cost).padStart(2, '0')), ...floor }));
      // Padding leaves out fewer than the 16 rounds of the lowest cost.
      expect(Math.abs(ours - imported)).toBeLessThan(16);
      expect(Math.abs(ours - cheap)).toBeLessThan(16);
    }
  });

  it('that cannot be computed does not match, and takes its time', () => {
    const hash = jest.spyOn(bcrypt, 'hashSync');
    const failed = jest.fn();
    const salt = Buffer.alloc(16).toString('base64');
    const foreign = { kind: 'scrypt', cost: 2 ** 16, blockSize: 1, parallelism: 1, salt, hash: salt } as const;
    expect(computeHash({ password: 'x', foreign, cost: 10 }, failed)).toBe(false);
    expect(failed).toHaveBeenCalledTimes(1);
    expect(hash.mock.calls.length).toBeGreaterThan(1);
  });

  it('with a hash of a higher cost takes what that takes', () => {
    const stored = bcrypt.hashSync('right', 6);
    const hash = jest.spyOn(bcrypt, 'hashSync');
    expect(computeHash({ prehash: 'right', cost: 5, stored })).toBe(true);
    expect(hash).not.toHaveBeenCalled();
  });
});

describe('the least work of all comparisons', () => {
  it.each([
    [100, 100],
    [2 ** 31, 2 ** 15],
  ])('with a hash of %d rounds in the database is %d rounds', async (rounds, least) => {
    const statements = { read: () => Promise.resolve([{ rounds }]) } as unknown as Statements;
    expect(await new HashFloor(statements, { PASSWORD_HASH: 'argon2id' }).rounds()).toBe(least);
  });
});
