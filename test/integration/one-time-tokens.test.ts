import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemContext } from '../../src/access/caller.js';
import { OneTimeTokens, TokenExpiredOrUsed } from '../../src/auth/one-time-tokens/one-time-tokens.js';
import { type Transaction, Transactions } from '../../src/database/transaction.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { type Roster, startRoster } from '../support/roster.js';

const HOUR = 3_600_000;
let roster: Roster;
let tokens: OneTimeTokens;
beforeAll(async () => {
  roster = await startRoster();
  tokens = roster.app.get(OneTimeTokens, { strict: false });
});
afterAll(() => roster.stop());

const inTransaction = <T>(work: (tx: Transaction) => Promise<T>) =>
  roster.app.get(Transactions, { strict: false }).run(work);

async function tokenFor(tx: Transaction, userId: string): Promise<string | undefined> {
  const [made] = await tokens.forDeliveries(tx, [{ userId, purpose: 'verify-email', ttl: HOUR, subject: '' }]);
  return made?.token;
}

async function issue(userId?: string): Promise<{ userId: string; token: string }> {
  return inTransaction(async (tx) => {
    const email = `${randomBytes(4).toString('hex')}@example.com`;
    const users = roster.app.get(UserStore, { strict: false });
    const context = systemContext('test');
    const id = userId ?? (await users.create(tx, { email, role: 'AUTHENTICATED', how: 'registration' }, context)).id;
    await tokens.issue(tx, id, 'verify-email', HOUR, context);
    return { userId: id, token: (await tokenFor(tx, id)) ?? '' };
  });
}

const consume = (token: string) => inTransaction((tx) => tokens.consume(tx, token, 'verify-email'));

describe('a one-time token', () => {
  it('is used by one of 16 at once, by the database alone (ASVS V6.4.1)', async () => {
    for (let round = 0; round < 5; round++) {
      const { token, userId } = await issue();
      const results = await Promise.allSettled(Array.from({ length: 16 }, () => consume(token)));
      const used = results.filter((result) => result.status === 'fulfilled');
      expect(used).toMatchObject([{ value: { userId } }]);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(TokenExpiredOrUsed);
      }
    }
  });

  it('is the same at every try of its mail, and when it is asked for again while it is good; else there is a newer one', async () => {
    const { token, userId } = await issue();
    expect(await inTransaction((tx) => tokenFor(tx, userId))).toBe(token);
    expect((await issue(userId)).token).toBe(token);
    await roster.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [userId]);
    const newer = await issue(userId);
    expect(newer.token).not.toBe(token);
    await expect(consume(token)).rejects.toBeInstanceOf(TokenExpiredOrUsed);
    await consume(newer.token);
  });

  it('is each for its own mail where many leave at once: not the used one, and a fresh one for what left late', async () => {
    const [good, used, late] = [await issue(), await issue(), await issue()];
    await consume(used.token);
    await roster.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [late.userId]);
    const wanted = [late, good, used, good].map(({ userId }) => {
      return { userId, purpose: 'verify-email', ttl: HOUR, subject: '' } as const;
    });
    const made = await inTransaction((tx) => tokens.forDeliveries(tx, wanted));
    expect(made.map((one) => one?.userId)).toEqual([late.userId, good.userId, undefined, good.userId]);
    expect([made[1]?.token, made[3]?.token]).toEqual([good.token, good.token]);
    expect(made[0]?.token).not.toBe(late.token);
    expect(await consume(made[0]!.token)).toMatchObject({ userId: late.userId });
  });

  it('cannot be made from what is stored: a right id with another MAC, or the MAC of another token, is refused', async () => {
    const [one, other] = [await issue(), await issue()];
    const [id = '', mac = ''] = one.token.split('.');
    const [, otherMac = ''] = other.token.split('.');
    const flipped = (mac.startsWith('A') ? 'B' : 'A') + mac.slice(1);
    for (const forged of [`${id}.${'A'.repeat(43)}`, `${id}.${flipped}`, `${id}.${otherMac}`, `${id}.`, id]) {
      await expect(consume(forged)).rejects.toBeInstanceOf(TokenExpiredOrUsed);
    }
    // A refused guess does not use it up.
    await consume(one.token);
  });

  it('is good until it expires, by the clock of the database', async () => {
    const { token, userId } = await issue();
    const move = (by: string) =>
      roster.database.query(`UPDATE one_time_tokens SET expires_at = now() ${by} WHERE user_id = $1`, [userId]);
    await move("- interval '1 millisecond'");
    await expect(consume(token)).rejects.toBeInstanceOf(TokenExpiredOrUsed);
    await move("+ interval '1 minute'");
    await consume(token);
  });
});
