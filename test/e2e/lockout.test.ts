import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemContext } from '../../src/access/caller.js';
import { Accounts } from '../../src/auth/accounts.js';
import type { EnteredAttempt } from '../../src/auth/sign-in/sign-in-attempt.js';
import { SignInGate } from '../../src/auth/sign-in/sign-in-gate.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { beforeCommit } from '../support/meanwhile.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { visible } from '../support/visible.js';

const THRESHOLD = 3;
const WRONG = 'seven idle boats on slate water';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({
    LOCKOUT_THRESHOLD: String(THRESHOLD),
    LOCKOUT_DURATION: '1m',
    LOCKOUT_MAX_DURATION: '3m',
  });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, password = PASSWORD, more: object = {}) =>
  roster.api.post('/auth/login').send({ identifier, password, ...more });
const get = (path: string, token = admin) => roster.api.get(path).set(as(token));

/** Wrong passwords, one after the other. */
async function fail(identifier: string, times = THRESHOLD, more: object = {}): Promise<void> {
  for (let time = 0; time < times; time++) await login(identifier, WRONG, more).expect(401);
}

const lockouts = (userId: string) =>
  roster.database.query<{ failures: number; locks: number; seconds: number }>(
    `SELECT failures, locks, round(extract(epoch FROM locked_until - failed_at))::int AS seconds FROM lockouts
     WHERE user_id = $1 ORDER BY failed_at`,
    [userId],
  );
/** As if the time of every lock were over. */
const waitForEnd = () =>
  roster.database
    .query(`WITH lock AS (UPDATE lockouts SET locked_until = now() - interval '1 s' WHERE locked_until > now())
    UPDATE users SET locked_until = now() - interval '1 s' WHERE locked_until > now()`);

describe('a lock', () => {
  it('comes with the threshold, and the right password is then the same 401 to the byte as a wrong one', async () => {
    const { id, token } = await roster.join('locked@example.com');
    const suspended = await roster.join('suspended@example.com');
    const deleted = await roster.join('deleted@example.com');
    await roster.api.post(`/users/${suspended.id}/suspend`).set(as(admin)).send({}).expect(200);
    await roster.api.delete(`/users/${deleted.id}`).set(as(admin)).expect(204);
    await fail('locked@example.com', THRESHOLD - 1);
    await login('locked@example.com').expect(200);
    const wrong = await login('locked@example.com', WRONG);
    await fail('locked@example.com', THRESHOLD - 1);

    const alike = [
      login('locked@example.com'),
      login('locked@example.com', WRONG),
      login('nobody@example.com'),
      login('no-such-name'),
      login('suspended@example.com'),
      login('deleted@example.com'),
    ];
    for (const answer of await Promise.all(alike)) expect(visible(answer)).toEqual(visible(wrong));
    expect(wrong.headers).not.toHaveProperty('set-cookie');

    // Sessions go on.
    await get('/users/me', token).expect(200);
    const shown = await get(`/users/${id}`).expect(200);
    expect(shown.body).toMatchObject({ status: 'LOCKED', lockedUntil: expect.any(String), version: 3 });
    expect(shown.body._links).toHaveProperty('unlock');
    const listed = await get('/users?status=LOCKED').expect(200);
    expect(listed.body.items).toMatchObject([{ id }]);
    await waitForEnd();
    await login('locked@example.com').expect(200);
    expect((await get(`/users/${id}`).expect(200)).body).toMatchObject({ status: 'ACTIVE' });
  });

  it('doubles up to the maximum, counts nothing while it lasts, and is forgotten by a success', async () => {
    const { id } = await roster.join('doubling@example.com');
    for (const [round, seconds] of [60, 120, 180, 180].entries()) {
      await fail('doubling@example.com', THRESHOLD + 2);
      expect(await lockouts(id)).toEqual([{ failures: 0, locks: round + 1, seconds }]);
      await waitForEnd();
    }
    await login('doubling@example.com').expect(200);
    expect(await lockouts(id)).toEqual([]);
    await fail('doubling@example.com', 1);
    expect(await lockouts(id)).toMatchObject([{ failures: 1, locks: 0 }]);
  });

  it('is one for all names of a user, however they are written, and another for a registration of the address', async () => {
    const { id } = await roster.join('names@example.com', { username: 'many-names' });
    const claim = 'another password for the claim';
    await roster.database.query('DELETE FROM address_throttle');
    await roster.api.post('/auth/register').send({ email: 'names@example.com', password: claim }).expect(202);
    await login('Names@Example.com', WRONG).expect(401);
    await login('MANY-names', WRONG).expect(401);
    await login('names@example.com', claim).expect(403, /email-not-verified/);
    expect(await lockouts(id)).toMatchObject([{ locks: 1 }]);
    await login('many-names').expect(401);
    // What the claimant sees says nothing about the owner: its own two failures are one less than the threshold.
    await login('names@example.com', claim).expect(403);
    await fail('names@example.com', 2);
    await login('names@example.com', claim).expect(401);
  });

  it('comes between a right password and its session, when the wrong ones were enough meanwhile', async () => {
    const { id } = await roster.join('crowd@example.com');
    const gate = roster.app.get(SignInGate, { strict: false });
    const context = { ...systemContext('trace'), actor: { kind: 'anonymous' }, ip: '198.51.100.1' } as const;
    const attempt = { method: 'password', amr: ['pwd'], identifier: 'crowd@example.com', context };
    // All of them enter before any proof was looked at, as 40 at once do.
    const entered = await Promise.all(Array.from({ length: 40 }, () => gate.enter(attempt)));
    const [right, ...wrong] = entered as [EnteredAttempt, ...EnteredAttempt[]];
    await Promise.all(wrong.map((one) => gate.refuse(one, 'wrong-proof')));
    expect(await lockouts(id)).toEqual([{ failures: 0, locks: 1, seconds: 60 }]);
    await expect(gate.admit(right, id)).rejects.toThrow('No account matches');
    const sessions = await roster.database.query('SELECT 1 FROM sessions WHERE user_id = $1', [id]);
    expect(sessions).toHaveLength(1);
  });

  it('does not stop 20 right passwords at once', async () => {
    await roster.join('busy@example.com');
    const answers = await Promise.all(Array.from({ length: 20 }, () => login('busy@example.com')));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
  });

  it('leaves no trace in the log of the user', async () => {
    const { id } = await roster.join('unversioned@example.com');
    const events = () => roster.database.query('SELECT type FROM user_events WHERE user_id = $1', [id]);
    const before = await events();
    await fail('unversioned@example.com');
    await roster.inbox.waitFor('unversioned@example.com', 2);
    expect(await events()).toEqual(before);
  });

  it('holds for an embedding application too', async () => {
    const { id } = await roster.join('embedded@example.com');
    const accounts = roster.app.get(Accounts, { strict: false });
    expect(await accounts.verifyPassword('embedded@example.com', PASSWORD)).toBe(id);
    for (let time = 0; time < THRESHOLD; time++) {
      expect(await accounts.verifyPassword('embedded@example.com', WRONG)).toBeUndefined();
    }
    expect(await accounts.verifyPassword('embedded@example.com', PASSWORD)).toBeUndefined();
    await login('embedded@example.com').expect(401);
  });

  it('and a suspension likewise are seen by a sign-in that was under way', async () => {
    const { id } = await roster.join('under-way@example.com');
    const suspend = `WITH ended AS (UPDATE sessions SET ended_at = now() WHERE user_id = $1)
      UPDATE users SET suspended_at = now() WHERE id = $1`;
    const { status } = await beforeCommit(roster.database, [suspend, id], () => login('under-way@example.com'));
    expect(status).toBe(401);
    expect(await roster.database.query('SELECT 1 FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [id])).toEqual(
      [],
    );
  });
});

describe('a device on which the user has signed in', () => {
  it('is let in by its token or cookie while others have locked the account, and by nothing else', async () => {
    const { id } = await roster.join('known@example.com');
    const other = await roster.join('other@example.com');
    const signedIn = await login('known@example.com').expect(200);
    const deviceToken = String(signedIn.body.deviceToken);
    const [cookie = ''] = signedIn.headers['set-cookie'] as unknown as string[];
    expect(cookie).toMatch(/^roster-device=[^;]+; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict$/);
    const othersToken = String((await login('other@example.com').expect(200)).body.deviceToken);
    await fail('known@example.com');

    await login('known@example.com').expect(401);
    await login('known@example.com', PASSWORD, { deviceToken: othersToken }).expect(401);
    for (const forged of [deviceToken.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')), id, 'x'.repeat(110)]) {
      await login('known@example.com', PASSWORD, { deviceToken: forged }).expect(401);
    }
    await login('known@example.com', WRONG, { deviceToken }).expect(401);
    await login('known@example.com', PASSWORD, { deviceToken }).expect(200);
    await login('known@example.com').set('cookie', cookie.split(';', 1)[0]!).expect(200);
    // The lock of the others stays, and the token alone is nobody.
    await login('known@example.com').expect(401);
    await get('/users/me', deviceToken).expect(401);
    expect(other.id).not.toBe(id);
  });

  it('has a count of its own, which locks it alone', async () => {
    const { id } = await roster.join('own-count@example.com');
    const deviceToken = String((await login('own-count@example.com').expect(200)).body.deviceToken);
    await fail('own-count@example.com', THRESHOLD, { deviceToken });
    await login('own-count@example.com', PASSWORD, { deviceToken }).expect(401);
    expect((await get(`/users/${id}`).expect(200)).body).toMatchObject({ status: 'ACTIVE' });
    await login('own-count@example.com').expect(200);
  });
});

describe('a lock ends', () => {
  it('by the mailed link, which is used by its button only, once, and makes the browser a known one', async () => {
    await roster.join('mailed@example.com');
    await fail('mailed@example.com');
    const mail = await roster.inbox.waitFor('mailed@example.com', 2);
    expect(mail.email.subject).toBe('Too many wrong passwords for your Roster account');
    const token = tokenIn(mail);
    for (let look = 0; look < 2; look++) {
      const page = await roster.api.get('/auth/unlock').query({ token }).set('accept', 'text/html').expect(200);
      expect(page.text).toContain('Unlock my account');
      expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    }
    await roster.api
      .get('/auth/unlock')
      .query({ token })
      .set('accept', 'application/json')
      .expect(200, /"valid":true/);
    await login('mailed@example.com').expect(401);
    await roster.api.post('/auth/verify-email').send({ token }).expect(410);
    const attempts = await Promise.all(
      Array.from({ length: 8 }, () => roster.api.post('/auth/unlock').type('form').send({ token })),
    );
    const opened = attempts.filter(({ status }) => status === 200);
    expect([opened.length, attempts.filter(({ status }) => status === 410).length]).toEqual([1, 7]);
    expect(opened[0]!.text).toContain('Your account is unlocked');
    await login('mailed@example.com').expect(200);
    await fail('mailed@example.com');
    const cookie = (opened[0]!.headers['set-cookie'] as unknown as string[])[0]!.split(';', 1)[0]!;
    await login('mailed@example.com').set('cookie', cookie).expect(200);
    await login('mailed@example.com').expect(401);
  });

  it('after three mails a day without a further one', async () => {
    await roster.join('often@example.com');
    for (let lock = 1; lock <= 5; lock++) {
      await fail('often@example.com');
      await eventually(async () => {
        const [{ count } = { count: 0 }] = await roster.database.query<{ count: number }>(
          `SELECT count(*)::int FROM auth_events WHERE type = 'account.locked'
             AND user_id = (SELECT id FROM users WHERE email = 'often@example.com')`,
        );
        return count === lock;
      });
      await waitForEnd();
    }
    const mails = await roster.database.query("SELECT 1 FROM mails WHERE recipient = 'often@example.com'");
    expect(mails).toHaveLength(1 + 3);
  });

  it('by a manager, who lifts no suspension with it', async () => {
    const { id } = await roster.join('helped@example.com');
    const manager = await roster.join('manager@example.com');
    await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    await fail('helped@example.com');
    const unlock = () => roster.api.post(`/users/${id}/unlock`).set(as(manager.token));
    const unlocked = await unlock().expect(200);
    expect(unlocked.body).toMatchObject({ id, status: 'ACTIVE', lockedUntil: null });
    expect(unlocked.body._links).not.toHaveProperty('unlock');
    await login('helped@example.com').expect(200);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    await unlock().expect(200, /SUSPENDED/);
    await login('helped@example.com').expect(401);
  });

  it('for a registration whose address is proved', async () => {
    await roster.api.post('/auth/register').send({ email: 'proved@example.com', password: PASSWORD }).expect(202);
    await fail('proved@example.com');
    await login('proved@example.com').expect(401);
    const token = tokenIn(await roster.inbox.waitFor('proved@example.com'));
    await roster.api.post('/auth/verify-email').send({ token }).expect(200);
    await login('proved@example.com').expect(200);
    // Nobody had proved the address, so nobody was mailed about the lock.
    expect(roster.inbox.to('proved@example.com')).toHaveLength(1);
  });
});
