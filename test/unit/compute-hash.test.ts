import { afterEach, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
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

  it('with a hash of a higher cost takes what that takes', () => {
    const stored = bcrypt.hashSync('right', 6);
    const hash = jest.spyOn(bcrypt, 'hashSync');
    expect(computeHash({ prehash: 'right', cost: 5, stored })).toBe(true);
    expect(hash).not.toHaveBeenCalled();
  });
});
