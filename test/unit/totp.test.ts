import { describe, expect, it } from '@jest/globals';
import { normalized } from '../../src/auth/recovery-codes/recovery-codes.js';
import { newSecret, otpauthUri, stepOf } from '../../src/auth/totp/totp.js';
import { totpAt } from '../support/totp.js';

/** "12345678901234567890" in Base32: the key of the test vectors of RFC 6238, appendix B. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('codes of an authenticator app', () => {
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('are those of RFC 6238 at second %d', (time, code) => {
    expect(stepOf(RFC_SECRET, code, time)).toBe(Math.floor(time / 30));
    // Nor does the one that the end-to-end tests use differ.
    expect(totpAt(RFC_SECRET, time)).toBe(code);
  });

  const secret = newSecret();
  const now = 1_700_000_010;
  const step = Math.floor(now / 30);

  it.each([-3, -2, -1, 0, 1, 2, 3])('of a clock that is %d steps away are right at most one step away', (steps) => {
    const isRight = Math.abs(steps) <= 1;
    expect(stepOf(secret, totpAt(secret, now + steps * 30), now)).toBe(isRight ? step + steps : undefined);
  });

  it.each([-1, 0, 1])('are wrong once one of them or of a later step was used (%d)', (used) => {
    for (const steps of [-1, 0, 1]) {
      const found = stepOf(secret, totpAt(secret, now + steps * 30), now, step + used);
      expect(found).toBe(steps > used ? step + steps : undefined);
    }
    // A clock that was set back.
    expect(stepOf(secret, totpAt(secret, now), now, step + 1000)).toBeUndefined();
  });

  it.each(['', '12345', '1234567', 'abcdef', '12345６', '-12345', '1e5000', '۱۲۳۴۵۶'])(
    'are wrong in another form: %j',
    (code) => {
      expect(stepOf(secret, code, now)).toBeUndefined();
    },
  );

  it('may be typed with spaces, as apps show them', () => {
    const code = totpAt(secret, now);
    expect(stepOf(secret, ` ${code.slice(0, 3)} ${code.slice(3)}\n`, now)).toBe(step);
  });

  it('have secrets of 160 bits, and a URI that no name of a product breaks', () => {
    expect(new Set(Array.from({ length: 50 }, newSecret)).size).toBe(50);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(otpauthUri(secret, 'A&B: 100 %', 'ada+x@example.com')).toBe(
      `otpauth://totp/A%26B%20%20100%20%25:ada%2Bx%40example.com?secret=${secret}&issuer=A%26B%20%20100%20%25`,
    );
  });
});

describe('a recovery code', () => {
  it.each(['k3q7x-9w0m1', 'K3Q7X 9W0M1', ' k3q7x9w0m1 ', 'k3q7x—9wOml', 'K3Q7X-9WOMI'])(
    'may be typed as %j',
    (typed) => {
      expect(normalized(typed)).toBe('k3q7x9w0m1');
    },
  );
});
