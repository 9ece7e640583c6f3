import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ACCOUNT_STATES, EMAIL_CLAIMS, linkingOutcome } from '../../src/auth/providers/linking-rules.js';

const TRUST = [true, false];

describe('the rules of linking', () => {
  it('link silently only where the provider is trusted and has verified, and the owner has confirmed', () => {
    const linked = EMAIL_CLAIMS.flatMap((email) =>
      TRUST.flatMap((isTrusted) =>
        ACCOUNT_STATES.filter((account) => linkingOutcome(email, isTrusted, account) === 'link').map((account) => ({
          email,
          isTrusted,
          account,
        })),
      ),
    );
    expect(linked).toEqual([{ email: 'verified', isTrusted: true, account: 'proved' }]);
  });

  it('say the same for every account without a proof that is trusted, so that nobody learns which addresses have one', () => {
    for (const [email, isTrusted] of [
      ['verified', false],
      ['not', true],
      ['not', false],
      ['none', true],
      ['none', false],
    ] as const) {
      expect(new Set(ACCOUNT_STATES.map((account) => linkingOutcome(email, isTrusted, account))).size).toBe(1);
    }
  });

  it('do not link an account that is linked to somebody else of that provider', () => {
    expect(linkingOutcome('verified', true, 'proved', true)).toBe('sign-in-first');
    for (const account of ['suspended', 'deleted'] as const) {
      expect(linkingOutcome('verified', true, account, true)).toBe('refuse');
    }
  });

  it('stand in the documentation as one table', () => {
    const page = readFileSync('docs/providers.md', 'utf8');
    const rows = page.split('\n').filter((line) => /^\| (?:nothing|it is)/.test(line));
    expect(rows).toHaveLength(8);
  });
});
