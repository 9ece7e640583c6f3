import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { VerifyElsewhere } from '../../src/auth/login/verify-elsewhere.js';
import { Accounts } from '../../src/auth/accounts.js';
import { MagicLinkCodes } from '../../src/auth/magic-link/magic-link-codes.js';
import { resetAdminPassword } from '../../src/operator/admin.js';
import type { OperatorContext } from '../../src/operator/operator-context.js';
import { makeToken } from '../../src/operator/token.js';
import { eventually } from '../support/eventually.js';
import { importInto, storedHashOf } from '../support/imports.js';
import { tokenIn } from '../support/inbox.js';
import { beforeCommit, inTurn } from '../support/meanwhile.js';
import { withOperatorContext } from '../support/operator-context.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { freshCode, ticketOf } from '../support/totp.js';
import { TotpUsers } from '../support/totp-users.js';
import { as } from '../support/two-rosters.js';

/** Says that every password is right, as soon as it may answer. */
@Injectable()
class OldSystem {
  static asked = Promise.withResolvers<unknown>();
  static answer = Promise.withResolvers<boolean>();

  @VerifyElsewhere()
  async verify(): Promise<boolean> {
    OldSystem.asked.resolve(undefined);
    return OldSystem.answer.promise;
  }
}

@Module({ providers: [OldSystem] })
class OldSystemModule {}

let roster: Roster;
let people: TotpUsers;
let admin: string;
let folder: string;
beforeAll(async () => {
  roster = await startRoster({}, [OldSystemModule]);
  people = new TotpUsers(roster);
  admin = await roster.signIn();
  folder = mkdtempSync(join(tmpdir(), 'roster-meanwhile-'));
});
afterAll(async () => {
  await roster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const login = (identifier: string, password = PASSWORD) =>
  roster.api.post('/auth/login').send({ identifier, password });

async function byLink(email: string) {
  await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
  const token = tokenIn(await roster.inbox.about(email, /sign in/i));
  return roster.api.post('/auth/magic-link').send({ token });
}

const before = <T>(statement: readonly string[], begin: () => PromiseLike<T>, meanwhile?: () => Promise<unknown>) =>
  beforeCommit(roster.database, statement, begin, meanwhile);

const asOperator = <T>(work: (place: OperatorContext) => Promise<T>): Promise<T> =>
  withOperatorContext({ DATABASE_URL: roster.database.url }, work);

describe('What is committed while somebody signs in counts', () => {
  it('a new password: an application that had the old one verified is told of no second factor', async () => {
    const { id, email } = await people.join('replaced');
    const accounts = roster.app.get(Accounts, { strict: false });
    const replace = 'UPDATE password_credentials SET changed_at = clock_timestamp() WHERE user_id = $1';
    const lockToo = `WITH locked AS (SELECT FROM users WHERE id = $1 FOR UPDATE), replaced AS (${replace}) SELECT FROM locked`;
    expect(await before([lockToo, id], () => accounts.verifyPassword(email, PASSWORD))).toBeUndefined();
    await expect(accounts.verifyPassword(email, PASSWORD)).rejects.toThrow('second');
  });

  it('a lockout: the right password comes too late', async () => {
    const { id } = await roster.join('locked@example.com');
    await login('locked@example.com', 'something else').expect(401);
    const lock = "UPDATE lockouts SET locked_until = now() + interval '1 minute' WHERE user_id = $1";
    expect((await before([lock, id], () => login('locked@example.com'))).status).toBe(401);
    await roster.database.query('UPDATE lockouts SET locked_until = NULL WHERE user_id = $1', [id]);
    await login('locked@example.com').expect(200);
  });

  it('the end of the oldest session, which a sign-in beyond the limit would have ended', async () => {
    const { id } = await roster.join('many@example.com');
    await roster.database.query(
      `INSERT INTO sessions (id, user_id, key_id, nonce, idle_expires_at, absolute_expires_at, kind, amr)
       SELECT gen_random_uuid(), user_id, key_id, nonce, idle_expires_at, absolute_expires_at, kind, amr
       FROM sessions, generate_series(1, 99) WHERE user_id = $1`,
      [id],
    );
    const [oldest] = await roster.database.query<{ id: string }>(
      `UPDATE sessions SET last_used_at = now() - interval '1 hour'
       WHERE id = (SELECT id FROM sessions WHERE user_id = $1 LIMIT 1) RETURNING id`,
      [id],
    );
    const end = "UPDATE sessions SET ended_at = now(), end_reason = 'refresh-token-reused' WHERE id = $1";
    expect((await before([end, oldest!.id], () => login('many@example.com'))).status).toBe(200);
    const ended = 'SELECT end_reason FROM sessions WHERE user_id = $1 AND ended_at IS NOT NULL';
    expect(await roster.database.query(ended, [id])).toEqual([{ end_reason: 'refresh-token-reused' }]);
  });

  it('a suspension, where an operator asks for a token', async () => {
    const { id } = await roster.join('suspended@example.com');
    const suspend = 'UPDATE users SET suspended_at = now() WHERE id = $1';
    const made = before([suspend, id], () => asOperator((place) => makeToken(place, 'suspended@example.com')));
    await expect(made).rejects.toThrow('it is suspended or deleted');
  });

  it.each([
    { what: 'another password', keep: true },
    { what: 'a first password', keep: false },
  ])('a device that was remembered while an operator waited to give $what is forgotten', async ({ keep }) => {
    const { id, email, secret } = await people.join(keep ? 'reset' : 'first');
    if (!keep) await roster.database.query('DELETE FROM password_credentials WHERE user_id = $1', [id]);
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    const lockAdmins = "SELECT pg_advisory_xact_lock(hashtextextended('admins', 0))";
    let rememberedDevice = '';
    const { password } = await before(
      [lockAdmins],
      () => asOperator((place) => resetAdminPassword(place, email)),
      async () => {
        const ticket = ticketOf(await (keep ? login(email) : byLink(email)));
        const code = await freshCode(roster, secret, id);
        const { body } = await people.present(ticket, code, { rememberDevice: true }).expect(200);
        ({ rememberedDevice } = body as { rememberedDevice: string });
      },
    );
    expect(rememberedDevice).not.toBe('');
    const again = await people.login(email, { password, rememberedDevice });
    expect(again.body).toMatchObject({ code: 'second-factor-required' });
  });
});

describe('A link that is asked for while old requests are forgotten', () => {
  it('has a code in the browser that had asked before', async () => {
    const email = 'again@example.com';
    const { id } = await roster.join(email);
    const browser = new PageBrowser(roster);
    const ask = () => browser.post('/auth/magic-link/request', { email });
    const newestLink = async () => tokenIn(await roster.inbox.about(email, /sign in/i));
    await ask();
    const first = await newestLink();
    await roster.api.post('/auth/magic-link').send({ token: first }).expect(200);
    const codes = roster.app.get(MagicLinkCodes, { strict: false });
    // Or no mail would be due.
    await roster.database.query('DELETE FROM address_throttle');
    const held = 'SELECT FROM magic_link_requests WHERE user_id = $1 FOR UPDATE';
    await inTurn(
      roster.database,
      [held, id],
      () => ask(),
      () => codes.forgetOld(),
    );
    await eventually(async () => (await newestLink()) !== first);
    const page = await browser.open(`/auth/magic-link?token=${await newestLink()}`);
    expect(page.text).toContain('short-code');
  });
});

describe('What an owner does while the old system is asked for the password of somebody else counts', () => {
  /** Somebody who was imported without a password, and a stranger who knows the one of the old system. */
  async function strangerAt(email: string): Promise<{ readonly status: Promise<number> }> {
    [OldSystem.asked, OldSystem.answer] = [Promise.withResolvers(), Promise.withResolvers()];
    await importInto(roster, folder, 'csv', `externalId,email,emailVerified\n${email},${email},false\n`);
    const status = login(email).then((answer) => answer.status);
    await OldSystem.asked.promise;
    return { status };
  }

  it('a proof of the mailbox', async () => {
    const email = 'proved@example.com';
    const stranger = await strangerAt(email);
    expect((await byLink(email)).status).toBe(200);
    OldSystem.answer.resolve(true);
    expect(await stranger.status).toBe(401);
    expect(await storedHashOf(roster, email)).toBeUndefined();
  });

  it('an erasure, which leaves no password', async () => {
    const email = 'erased@example.com';
    const stranger = await strangerAt(email);
    const [user] = await roster.database.query<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    await roster.api.post(`/users/${user!.id}/erase`).set(as(admin)).expect(204);
    OldSystem.answer.resolve(true);
    expect(await stranger.status).toBe(401);
    const left = await roster.database.query('SELECT FROM password_credentials WHERE user_id = $1', [user!.id]);
    expect(left).toEqual([]);
  });
});
