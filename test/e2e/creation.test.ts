import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };

beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  manager = await roster.join('manager@example.com', { firstName: 'Grace', lastName: 'Hopper' });
  await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const create = (body: object, token = admin, headers: Record<string, string> = {}) =>
  roster.api
    .post('/users')
    .set({ ...as(token), ...headers })
    .send(body);
const accept = (token: string, newPassword = PASSWORD) =>
  roster.api.post('/auth/accept-invitation').send({ token, newPassword });
const count = async (where: string, ...values: unknown[]) =>
  Number((await roster.database.query<{ count: string }>(`SELECT count(*) FROM ${where}`, values))[0]?.count);

async function invite(email: string, body: object = {}): Promise<{ id: string; token: string }> {
  const { id } = (await create({ email, ...body }).expect(201)).body as { id: string };
  return { id, token: tokenIn(await roster.inbox.waitFor(email)) };
}

describe('an invited person', () => {
  it('gets a mail, opens its link, chooses a password and signs in', async () => {
    const invited = await create({ email: 'ada@example.com', firstName: 'Ada', bio: 'Hi' }, manager.token).expect(201);
    expect(invited.body).toMatchObject({
      email: 'ada@example.com',
      emailVerified: false,
      status: 'ACTIVE',
      role: 'AUTHENTICATED',
      firstName: 'Ada',
      bio: 'Hi',
      version: 3,
    });
    expect(invited.headers).toMatchObject({ location: `/users/${String(invited.body.id)}`, etag: '"3"' });

    const mail = await roster.inbox.waitFor('ada@example.com');
    expect(mail.email.subject).toBe('Grace Hopper invites you to Roster');
    const token = tokenIn(mail);
    await roster.api.get('/auth/accept-invitation').query({ token }).set('accept', 'application/json').expect(200);
    const page = await roster.api.get('/auth/accept-invitation').query({ token }).expect(200);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(page.text).toContain('ada@example.com');

    const weak = await roster.api.post('/auth/accept-invitation').type('form').send({ token, newPassword: 'roster' });
    expect(weak.status).toBe(400);
    expect(weak.text).toContain('at least 12 characters');
    await accept(token, 'ada@example.com').expect(400, /weak-password/);
    const done = await roster.api.post('/auth/accept-invitation').type('form').send({ token, newPassword: PASSWORD });
    expect(done.status).toBe(200);
    expect(done.text).toContain('Your account is ready');

    const session = await roster.signIn('ada@example.com', PASSWORD);
    const me = await roster.api.get('/users/me').set(as(session)).expect(200);
    expect(me.body).toMatchObject({ id: invited.body.id, emailVerified: true });
    await accept(token, 'another good long password').expect(410, /token-expired-or-used/);
    await accept(token, 'fox '.repeat(33)).expect(400, /at most 128 characters/);
  });

  it('accepts once, of sixteen tries at the same moment', async () => {
    const { id, token } = await invite('sixteen@example.com');
    const answers = await Promise.all(Array.from({ length: 16 }, () => accept(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 15 }, () => 410)]);
    expect(await count("user_events WHERE user_id = $1 AND type = 'user.email_verified'", id)).toBe(1);
  });

  it('asks for a fresh link when the first has expired', async () => {
    const { id, token } = await invite('late@example.com');
    await roster.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [id]);
    await roster.database.query("UPDATE address_throttle SET last_mail_at = now() - interval '2 minutes'");
    await accept(token).expect(410);
    await roster.api.post('/auth/resend-verification').send({ email: 'late@example.com' }).expect(202);
    const mail = await roster.inbox.waitFor('late@example.com', 2);
    expect(mail.email.subject).toBe('You are invited to Roster');
    await accept(tokenIn(mail)).expect(200);
  });

  it('has no link any more once deleted, and none from another purpose', async () => {
    const { id, token } = await invite('gone@example.com');
    await roster.api.post('/auth/verify-email').send({ token }).expect(410);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    await roster.api.get('/auth/accept-invitation').query({ token }).expect(410);
    await accept(token).expect(410);
  });

  it('owns the address from then on: a registration that only claimed it comes to nothing', async () => {
    await roster.api.post('/auth/register').send({ email: 'claimed@example.com', password: PASSWORD }).expect(202);
    const claim = tokenIn(await roster.inbox.waitFor('claimed@example.com'));
    await create({ email: 'Claimed@Example.com' }).expect(201);
    await roster.api
      .post('/auth/verify-email')
      .send({ token: claim })
      .expect(409, /new-password-required/);
    await roster.api.post('/auth/verify-email').send({ token: claim, newPassword: PASSWORD }).expect(410);
    expect(await count("users WHERE email_key = 'claimed@example.com' AND NOT pending")).toBe(1);
  });
});

describe('creating', () => {
  it('takes a name, a username or an address alone, and refuses nobody in particular', async () => {
    await create({ lastName: 'Lovelace' }).expect(201);
    await create({ username: 'only-a-name' }).expect(201);
    await create({}).expect(400, /validation-failed/);
    await create({ bio: 'x', email: null, role: 'AUTHENTICATED' }).expect(400, /validation-failed/);
  });

  it('with a password sends no mail, and the person signs in with it', async () => {
    const { body } = await create({ email: 'ready@example.com', username: 'ready', password: PASSWORD }).expect(201);
    await roster.signIn('ready', PASSWORD);
    expect(await count('mails WHERE user_id = $1', body.id)).toBe(0);
    await create({ firstName: 'Ada', password: PASSWORD }).expect(400, /email address or a username/);
    await create({ username: 'weakling', password: 'weakling weakling' }).expect(400, /weak-password/);
  });

  it('is for a MANAGER with the role AUTHENTICATED, and for an ADMIN with any (ASVS V8.2.1)', async () => {
    for (const role of ['MANAGER', 'ADMIN']) {
      await create({ firstName: 'x', role }, manager.token).expect(403);
      expect((await create({ firstName: 'x', role }).expect(201)).body).toMatchObject({ role });
    }
    await create({ firstName: 'x' }, manager.token).expect(201);
    const user = await roster.join('plain@example.com');
    await create({ firstName: 'x' }, user.token).expect(403);
    await roster.api.post('/users').send({ firstName: 'x' }).expect(401);
    await create({ firstName: 'x', role: 'ANONYMOUS' }).expect(400);
  });

  it('takes nothing that is not for the caller to say (ASVS V15.3.3)', async () => {
    const before = await count('users');
    const stolen = { id: manager.id, emailVerified: true, status: 'ACTIVE', version: 9, passwordHash: 'x' };
    for (const [field, value] of Object.entries({ ...stolen, createdAt: '2020-01-01T00:00:00Z', pending: false })) {
      const { body } = await create({ firstName: 'x', [field]: value }).expect(400);
      expect(body.errors).toEqual([{ path: field, message: 'is not a known field' }]);
    }
    expect(await count('users')).toBe(before);
  });

  it('names what is taken, also by somebody deleted', async () => {
    const { body } = await create({ email: 'taken@example.com', username: 'taken' }).expect(201);
    await roster.api
      .delete(`/users/${String(body.id)}`)
      .set(as(admin))
      .expect(204);
    await create({ email: 'TAKEN@example.com' }).expect(409, /email-taken/);
    await create({ username: 'Taken' }).expect(409, /username-taken/);
  });
});

describe('Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name });

  it('gets the first answer again, and makes one user and one mail', async () => {
    const body = { email: 'once@example.com', firstName: 'Ada' };
    const first = await create(body, admin, key('k1')).expect(201);
    await roster.inbox.waitFor('once@example.com');
    const again = await create({ firstName: 'Ada', email: 'once@example.com' }, admin, key('k1')).expect(201);
    expect(again.text).toBe(first.text);
    expect(again.headers).toMatchObject({ location: first.headers['location'], etag: first.headers['etag'] });
    expect(await count("mails WHERE recipient = 'once@example.com'")).toBe(1);
    await create({ ...body, firstName: 'Eve' }, admin, key('k1')).expect(422, /idempotency-key-reused/);
  });

  it('keeps nothing by which a password could be guessed faster than by its hash', async () => {
    const body = { username: 'guessed', firstName: 'Ada' };
    const kept = async () =>
      (await roster.database.query('SELECT body_hash FROM idempotent_requests WHERE key = $1', ['k7']))[0];
    const first = await create({ ...body, password: PASSWORD }, admin, key('k7')).expect(201);
    const before = await kept();
    // The first password stays; what is kept does not tell that this was another one.
    const again = await create({ ...body, password: `${PASSWORD}!` }, admin, key('k7')).expect(201);
    expect(again.text).toBe(first.text);
    expect(await kept()).toEqual(before);
    await roster.signIn('guessed', PASSWORD);
    await create(body, admin, key('k7')).expect(422, /idempotency-key-reused/);
  });

  it('stands for one request of many at the same moment', async () => {
    const body = { username: 'at-once', password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(body, admin, key('k2'))));
    const good = answers.filter(({ status }) => status === 201);
    expect(good.length).toBeGreaterThan(0);
    expect(new Set(good.map(({ text }) => text)).size).toBe(1);
    for (const { status, body: problem } of answers) {
      if (status !== 201) expect(problem).toMatchObject({ status: 409, code: 'idempotency-key-in-use' });
    }
  });

  it('is of one caller, for a day, and remembers no refusal', async () => {
    const mine = await create({ firstName: 'Mine' }, admin, key('k3')).expect(201);
    const theirs = await create({ firstName: 'Theirs' }, manager.token, key('k3')).expect(201);
    expect(theirs.body.id).not.toBe(mine.body.id);
    await roster.database.query("UPDATE idempotent_requests SET created_at = now() - interval '25 hours'");
    const next = await create({ firstName: 'Next' }, admin, key('k3')).expect(201);
    expect(next.body.id).not.toBe(mine.body.id);
    await create({ username: 'only-a-name' }, admin, key('k4')).expect(409);
    await create({ username: 'another-name' }, admin, key('k4')).expect(201);
  });

  it('keeps no password, and is 1 to 255 visible characters', async () => {
    const password = 'planted canary in the mine';
    await create({ username: 'canary', password }, admin, key('k5')).expect(201);
    const rows = await roster.database.query('SELECT * FROM idempotent_requests');
    expect(JSON.stringify(rows)).not.toContain(password);
    for (const bad of ['a b', 'x'.repeat(256), 'é']) {
      await create({ firstName: 'x' }, admin, key(bad)).expect(400);
    }
  });
});
