import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignInGate } from '../../src/auth/sign-in/sign-in-gate.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const NEXT = 'seven idle boats on slate water';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, password: string) => roster.api.post('/auth/login').send({ identifier, password });
const ask = (email: string) => roster.api.post('/auth/request-password-reset').send({ email });
const reset = (token: string, newPassword = NEXT) =>
  roster.api.post('/auth/reset-password').send({ token, newPassword });
const isGood = (token: string) =>
  roster.api.get('/auth/reset-password').query({ token }).set('accept', 'application/json');
const forgetThrottle = () => roster.database.query('DELETE FROM address_throttle');

/** Asks for a link and gives its token; `count` mails are there then. */
async function linkFor(email: string, count: number): Promise<string> {
  await forgetThrottle();
  await ask(email).expect(202);
  return tokenIn(await roster.inbox.waitFor(email, count));
}

/** Until every job that was added has run. */
async function quiet(): Promise<void> {
  for (let waiting = 1; waiting > 0; await new Promise((resolve) => setTimeout(resolve, 20))) {
    waiting = (await roster.database.query('SELECT 1 FROM graphile_worker._private_jobs')).length;
  }
}

describe('asking for a link to choose a new password', () => {
  it('is answered alike for a known, unknown, unproved, suspended and deleted address (ASVS V6.3.8)', async () => {
    await roster.join('known@example.com');
    const suspended = await roster.join('suspended@example.com');
    const deleted = await roster.join('deleted@example.com');
    await roster.api.post(`/users/${suspended.id}/suspend`).set(as(admin)).send({}).expect(200);
    await roster.api.delete(`/users/${deleted.id}`).set(as(admin)).expect(204);
    await roster.api.post('/auth/register').send({ email: 'claim@example.com', password: PASSWORD }).expect(202);
    const names = ['known', 'unknown', 'claim', 'suspended', 'deleted'];
    const answers = [];
    for (const name of names) answers.push(await ask(`${name}@example.com`).expect(202));
    const visible = answers.map(({ text, headers }) => {
      const { date: _date, 'x-trace-id': _trace, ...rest } = headers;
      return { text, headers: rest };
    });
    expect(visible).toEqual(visible.map(() => visible[0]));
    // Nothing of it has happened before the answer left; only owners get a mail afterwards.
    await roster.inbox.waitFor('known@example.com', 2);
    await quiet();
    const mails = await roster.database.query<{ recipient: string }>(
      "SELECT recipient FROM mails WHERE template = 'reset-password' ORDER BY recipient",
    );
    expect(mails.map(({ recipient }) => recipient)).toEqual(['known@example.com', 'suspended@example.com']);
  });

  it('mails at most once a minute, and leaves the link good that was mailed', async () => {
    await roster.join('often@example.com');
    const token = await linkFor('often@example.com', 2);
    await Promise.all(Array.from({ length: 8 }, () => ask('Often@Example.com').expect(202)));
    await quiet();
    expect(roster.inbox.to('often@example.com')).toHaveLength(2);
    await isGood(token).expect(200);
    expect(await linkFor('often@example.com', 3)).toBe(token);
    await isGood(token).expect(200);
  });
});

describe('a link to choose a new password', () => {
  it('sets it once, signs out everywhere, and tells by mail', async () => {
    const email = 'ada@example.com';
    const { token: access } = await roster.join(email, { firstName: 'Ada' });
    const token = await linkFor(email, 2);
    const mail = await roster.inbox.waitFor(email, 2);
    expect(mail.email.subject).toBe('Choose a new password for Roster');

    const page = await roster.api.get('/auth/reset-password').query({ token }).expect(200);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(page.text).toMatch(/value="ada@example\.com" autocomplete="username"/);
    expect(page.text).toMatch(/autocomplete="new-password" required/);
    expect(page.text).not.toMatch(
      /<script(?! type="module" src="\/assets\/pages\.js"><\/script>)|style=|(?:src|href)="https?:/,
    );

    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
    await reset(token).set('user-agent', agent).expect(204, '');
    await roster.api.get('/users/me').set(as(access)).expect(401);
    await login(email, PASSWORD).expect(401);
    await login(email, NEXT).expect(200);
    await reset(token, 'another nine brown foxes').expect(410);
    await login(email, NEXT).expect(200);
    const notice = await roster.inbox.waitFor(email, 3);
    expect(notice.email.subject).toMatch(/password at Roster has changed/);
    expect(notice.text).toContain('From Firefox (Linux), 127.0.0.1');
    expect(`${mail.email.subject}${notice.raw}`).not.toContain(token.split('.')[1]);
  });

  it('is left good by a password that is refused, for a program and for a person', async () => {
    await roster.join('weak@example.com');
    const token = await linkFor('weak@example.com', 2);
    for (const [password, reason] of [
      ['password1234', /too common/],
      ['short', /at least 12/],
      ['weak weak 1234', /little more than/],
    ] as const) {
      const refused = await reset(token, password).expect(400);
      expect(refused.body).toMatchObject({ code: 'weak-password', errors: [{ path: 'newPassword' }] });
      const page = await reset(token, password).type('form').expect(400);
      expect(page.text).toMatch(reason);
      expect(page.text).toContain('name="token"');
      expect(page.text).not.toContain(password);
    }
    for (const length of [129, 1025]) await reset(token, 'x'.repeat(length)).expect(400, /at most 128/);
    await login('weak@example.com', PASSWORD).expect(200);
    const done = await reset(token).type('form').expect(200);
    expect(done.text).toContain('Your password has been changed');
    await login('weak@example.com', NEXT).expect(200);
  });

  it('ends a lockout and never a suspension', async () => {
    const email = 'shut-out@example.com';
    const { id } = await roster.join(email);
    for (let tries = 0; tries < 5; tries++) await login(email, 'not the right password').expect(401);
    await login(email, PASSWORD).expect(401);
    await roster.inbox.waitFor(email, 2);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({ reason: 'Spam.' }).expect(200);
    await roster.inbox.waitFor(email, 3);
    await reset(await linkFor(email, 4)).expect(204);
    await login(email, NEXT).expect(401);
    const user = await roster.api.get(`/users/${id}`).set(as(admin)).expect(200);
    expect(user.body).toMatchObject({ status: 'SUSPENDED', lockedUntil: null });
    await roster.api.post(`/users/${id}/reinstate`).set(as(admin)).expect(200);
    await login(email, NEXT).expect(200);
  });

  it('beats a sign-in by the old password, or by a link, that was under way', async () => {
    const email = 'under-way@example.com';
    const { id } = await roster.join(email);
    const gate = roster.app.get(SignInGate, { strict: false });
    const admit = gate.admit.bind(gate);
    const entry = Promise.withResolvers<undefined>();
    const exit = Promise.withResolvers<undefined>();
    let waiting = 0;
    gate.admit = async (...attempt) => {
      if (++waiting === 2) entry.resolve(undefined);
      await exit.promise;
      return admit(...attempt);
    };
    try {
      await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
      const link = tokenIn(await roster.inbox.waitFor(email, 2));
      const token = await linkFor(email, 3);
      // Sent when somebody waits for the answer.
      const signIns = [login(email, PASSWORD), roster.api.post('/auth/magic-link').send({ token: link })].map(
        (request) => request.then(({ status }) => status),
      );
      await entry.promise;
      await reset(token).expect(204);
      exit.resolve(undefined);
      expect(await Promise.all(signIns)).toEqual([401, 401]);
    } finally {
      gate.admit = admit;
    }
    const alive = 'SELECT 1 FROM sessions WHERE user_id = $1 AND ended_at IS NULL';
    expect(await roster.database.query(alive, [id])).toEqual([]);
  });

  it('proves the address of somebody who was invited and never answered, and kills the invitation', async () => {
    const email = 'invited@example.com';
    const { body } = await roster.api.post('/users').set(as(admin)).send({ email, firstName: 'Joan' }).expect(201);
    const invitation = tokenIn(await roster.inbox.waitFor(email));
    await reset(await linkFor(email, 2)).expect(204);
    const signedIn = await login(email, NEXT).expect(200);
    expect(signedIn.body.user).toMatchObject({ id: body.id, emailVerified: true });
    await roster.api.post('/auth/accept-invitation').send({ token: invitation, newPassword: PASSWORD }).expect(410);
    const events = await roster.database.query<{ type: string }>(
      'SELECT type FROM user_events WHERE user_id = $1 ORDER BY user_version OFFSET 3',
      [body.id],
    );
    expect(events.map(({ type }) => type)).toEqual([
      'user.email_verified',
      'user.authenticator_added',
      'user.password_reset.completed',
    ]);
  });

  it('is dead for somebody who was deleted, after its time, and for another purpose; its page offers another', async () => {
    const { id } = await roster.join('gone@example.com');
    const token = await linkFor('gone@example.com', 2);
    await roster.api.post('/auth/verify-email').send({ token }).expect(410);
    await roster.api.post('/auth/magic-link').send({ token }).expect(410);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await isGood(token).expect(200);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    await reset(token).expect(410);
    await roster.api.post(`/users/${id}/restore`).set(as(admin)).expect(200);
    await roster.database.query("UPDATE one_time_tokens SET expires_at = now() - interval '1 second'");
    await reset(token).expect(410, /token-expired-or-used/);
    const page = await roster.api.get('/auth/reset-password').query({ token }).set('accept', 'text/html').expect(410);
    expect(page.text).toContain('action="/auth/request-password-reset"');
    const asked = await ask('gone@example.com').type('form').expect(202);
    expect(asked.text).toContain('Check your inbox');
  });

  it('and its password stand in no log line, event or row', async () => {
    const email = 'canary@example.com';
    await roster.join(email);
    const token = await linkFor(email, 2);
    const [, secret = ''] = token.split('.');
    await roster.api.get('/auth/reset-password').query({ token }).expect(200);
    await reset(token, 'canary canary').expect(400);
    await reset(token, 'planted canary in the mine').expect(204);
    const tables = await roster.database.query<{ name: string }>(
      "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')",
    );
    let dump = JSON.stringify(roster.logLines());
    for (const { name } of tables) {
      dump += JSON.stringify(await roster.database.query(`SELECT t::text AS row FROM ${name} AS t`));
    }
    expect(dump).not.toContain(secret);
    expect(dump).not.toMatch(/planted canary|canary canary/);
  });
});
