import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
// Locks are tested by themselves, and here the attacker tries often.
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '1000', TRUST_PROXY: '127.0.0.1' });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const PERSON = { 'x-forwarded-for': '198.51.100.7', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' };
const ATTACKER = { 'x-forwarded-for': '203.0.113.66', 'user-agent': 'curl/8.5.0' };
const THEIRS = 'quiet rivers under seven bridges';
const CHOSEN = 'a password for this door alone';
const KNOWN_TO_THE_ATTACKER = 'the attacker knows this one well';

type Headers = typeof PERSON;
const post = (path: string, body: object, headers: Headers = PERSON) =>
  roster.api.post(`/auth/${path}`).set(headers).send(body);
const register = (email: string, password: string, headers: Headers, more: object = {}) =>
  post('register', { email, password, ...more }, headers).expect(202);
const login = (identifier: string, password: string, headers = PERSON) =>
  post('login', { identifier, password }, headers);
const as = (token: string) => ({ authorization: `Bearer ${token}` });
const subjects = (email: string) => roster.inbox.to(email).map(({ email: { subject } }) => subject);
/** As if every mail that was sent had been sent more than a minute ago. */
const aMinuteLater = () =>
  roster.database.query("UPDATE address_throttle SET last_mail_at = now() - interval '2 minutes'");
const jobsDone = async () => {
  for (let open = 1; open > 0; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const jobs = await roster.database.query('SELECT 1 FROM graphile_worker._private_jobs WHERE run_at <= now()');
    const mails = await roster.database.query("SELECT 1 FROM mails WHERE state = 'queued'");
    open = jobs.length + mails.length;
  }
};

describe('a registration with a rival', () => {
  it('whose link the person asks for again does not bring the password of the attacker to life', async () => {
    const email = 'asked-again@example.com';
    await register(email, THEIRS, PERSON, { username: 'ida' });
    await roster.inbox.waitFor(email);
    await register(email, KNOWN_TO_THE_ATTACKER, ATTACKER, { username: 'mallory' });
    await roster.inbox.waitFor(email, 2);
    await aMinuteLater();
    await post('resend-verification', { email });
    const again = await roster.inbox.waitFor(email, 3);
    // That of the person's own registration, which is described as what it was.
    expect(again.text).toMatch(/Account: ida[^]*From Firefox \(Linux\), 198\.51\.100\.7/);

    const token = tokenIn(again);
    const refused = await post('verify-email', { token }).expect(409);
    expect(refused.body).toMatchObject({ code: 'new-password-required', errors: [{ path: 'newPassword' }] });
    const state = await roster.api.get('/auth/verify-email').query({ token }).set('accept', 'application/json');
    expect(state.body).toMatchObject({ valid: true, newPasswordRequired: true });
    await post('verify-email', { token, newPassword: CHOSEN }).expect(200);

    await login(email, CHOSEN).expect(200);
    await login(email, KNOWN_TO_THE_ATTACKER).expect(403, /email-not-verified/);
  });

  it('that came first gets a mail of its own, and either link asks for a new password', async () => {
    const email = 'seconds-earlier@example.com';
    await register(email, KNOWN_TO_THE_ATTACKER, ATTACKER);
    await register(email, THEIRS, PERSON);
    const mails = [await roster.inbox.waitFor(email), await roster.inbox.waitFor(email, 2)];
    const ofAttacker = mails.find(({ text }) => text.includes('203.0.113.66'))!;
    const ofPerson = mails.find(({ text }) => text.includes('198.51.100.7'))!;
    expect(tokenIn(ofAttacker)).not.toBe(tokenIn(ofPerson));

    // The person clicks the wrong one: nothing of the attacker's comes to life all the same.
    const page = await roster.api
      .get('/auth/verify-email')
      .query({ token: tokenIn(ofAttacker) })
      .set({ ...PERSON, accept: 'text/html' })
      .expect(200);
    expect(page.text).toContain('name="newPassword"');
    expect(page.text).toMatch(/203\.0\.113\.66/);
    await post('verify-email', { token: tokenIn(ofAttacker) }).expect(409);
    await post('verify-email', { token: tokenIn(ofAttacker), newPassword: CHOSEN }).expect(200);
    await login(email, CHOSEN).expect(200);
    // To the attacker it looks as if nobody had.
    await login(email, KNOWN_TO_THE_ATTACKER).expect(403, /email-not-verified/);
    await post('verify-email', { token: tokenIn(ofPerson), newPassword: CHOSEN }).expect(410);
  });

  it('keeps asking for a new password when the rival is gone by then', async () => {
    const email = 'gone-rival@example.com';
    await register(email, KNOWN_TO_THE_ATTACKER, ATTACKER);
    const link = tokenIn(await roster.inbox.waitFor(email));
    await register(email, THEIRS, PERSON);
    await roster.database.query(
      'DELETE FROM users WHERE id = (SELECT id FROM users WHERE email_key = $1 ORDER BY id DESC LIMIT 1)',
      [email],
    );
    await post('verify-email', { token: link }).expect(409, /new-password-required/);
  });

  it('loses no mail to it, but an address gets ten such mails a day, and eight that one network asks for', async () => {
    const email = 'flooded@example.com';
    for (let round = 0; round < 10; round++) await register(email, KNOWN_TO_THE_ATTACKER, ATTACKER);
    await jobsDone();
    expect(roster.inbox.to(email)).toHaveLength(8);
    // The flood has left room for the person.
    await register(email, THEIRS, PERSON);
    const ofPerson = await roster.inbox.waitFor(email, 9);
    expect(ofPerson.text).toContain('198.51.100.7');
    for (let round = 0; round < 6; round++) {
      await aMinuteLater();
      await post('resend-verification', { email }, { ...ATTACKER, 'x-forwarded-for': `203.0.113.${100 + round}` });
      await jobsDone();
    }
    expect(roster.inbox.to(email)).toHaveLength(10);
    await post('verify-email', { token: tokenIn(ofPerson), newPassword: CHOSEN }).expect(200);

    // What is left of the dozen is for who owns the address.
    await post('request-password-reset', { email });
    const reset = await roster.inbox.about(email, /password/i);
    await post('magic-link/request', { email });
    await roster.inbox.about(email, /sign in/i);
    expect(roster.inbox.to(email)).toHaveLength(12);
    await aMinuteLater();
    await post('request-password-reset', { email });
    await jobsDone();
    expect(roster.inbox.to(email)).toHaveLength(12);
    await post('reset-password', { token: tokenIn(reset), newPassword: CHOSEN }).expect(204);
  });

  it('and an account of its own has no more mails than its network', async () => {
    const email = 'silenced@example.com';
    await roster.join(email);
    await register('helper-of-mallory@example.com', PASSWORD, ATTACKER);
    await post('verify-email', { token: tokenIn(await roster.inbox.waitFor('helper-of-mallory@example.com')) });
    const helper = (await login('helper-of-mallory@example.com', PASSWORD, ATTACKER).expect(200)).body as {
      accessToken: string;
      user: { id: string };
    };
    for (let round = 0; round < 8; round++) await register(email, KNOWN_TO_THE_ATTACKER, ATTACKER);
    await jobsDone();
    const before = roster.inbox.to(email).length;
    expect(before).toBe(9);
    await roster.api
      .put(`/users/${helper.user.id}/email`)
      .set({ ...ATTACKER, ...as(helper.accessToken) })
      .send({ newEmail: email, currentPassword: PASSWORD })
      .expect(202);
    await jobsDone();
    expect(roster.inbox.to(email)).toHaveLength(before);
  });

  it('alone, and asked for once, keeps the password that it was made with', async () => {
    const email = 'alone@example.com';
    await register(email, THEIRS, PERSON);
    const token = tokenIn(await roster.inbox.waitFor(email));
    const state = await roster.api.get('/auth/verify-email').query({ token }).set('accept', 'application/json');
    expect(state.body).toMatchObject({ newPasswordRequired: false });
    await post('verify-email', { token }).expect(200);
    await login(email, THEIRS).expect(200);
  });

  it('answers a sign-in as before for as long as it is kept, whoever claims and proves the address meanwhile', async () => {
    const email = 'polled@example.com';
    const poll = async () => {
      const { status, body } = await login(email, KNOWN_TO_THE_ATTACKER, ATTACKER);
      return { status, code: (body as { code?: string }).code };
    };
    await register(email, KNOWN_TO_THE_ATTACKER, ATTACKER, { username: 'probe-of-mallory' });
    const before = await poll();
    expect(before).toEqual({ status: 403, code: 'email-not-verified' });
    await register(email, THEIRS, PERSON);
    const ofPerson = await roster.inbox.waitFor(email, 2);
    expect(await poll()).toEqual(before);
    await post('verify-email', { token: tokenIn(ofPerson), newPassword: CHOSEN }).expect(200);
    expect(await poll()).toEqual(before);
    // Nor does the username become free.
    await post('register', { email: 'x@example.com', password: THEIRS, username: 'PROBE-of-mallory' }).expect(409);
    await login(email, CHOSEN).expect(200);

    const { rows } = {
      rows: await roster.database.query('SELECT id FROM users WHERE email_key = $1 AND pending', [email]),
    };
    expect(rows).toHaveLength(1);
  });
});

describe('a link that a stranger asks for', () => {
  it.each([
    ['request-password-reset', 'reset-password'],
    ['magic-link/request', 'magic-link'],
  ])('by %s leaves the one good that the owner has open', async (request, use) => {
    const email = `open-${use}@example.com`;
    await roster.join(email);
    await post(request, { email });
    const about = use === 'magic-link' ? /sign in/i : /password/i;
    const first = await roster.inbox.about(email, about);
    for (let round = 0; round < 2; round++) {
      await aMinuteLater();
      await post(request, { email }, ATTACKER);
      await jobsDone();
    }
    const last = await roster.inbox.about(email, about);
    expect(last).not.toBe(first);
    // It is the same link, and its mail tells who asked for it.
    expect(tokenIn(last)).toBe(tokenIn(first));
    expect(last.text).toContain('203.0.113.66');
    const good =
      use === 'magic-link'
        ? post(use, { token: tokenIn(first) })
        : post(use, { token: tokenIn(first), newPassword: CHOSEN });
    expect([200, 204]).toContain((await good).status);
  });

  it('lives twice its time at most, however often it is asked for', async () => {
    const email = 'prolonged@example.com';
    await roster.join(email);
    await post('request-password-reset', { email });
    const first = tokenIn(await roster.inbox.about(email, /password/i));
    const older = (minutes: number) =>
      roster.database.query(
        `UPDATE one_time_tokens SET created_at = created_at - $1 * interval '1 minute', expires_at = expires_at - $1 * interval '1 minute'
         WHERE purpose = 'reset-password'`,
        [minutes],
      );
    const askAgain = async () => {
      await aMinuteLater();
      await post('request-password-reset', { email });
      await jobsDone();
      return roster.inbox.about(email, /password/i);
    };
    // With 30 minutes to live, asked for again after 25 and after 50: the mail says how long that is.
    await older(25);
    expect((await askAgain()).text).toContain('for 30 minutes');
    await older(25);
    const late = await askAgain();
    expect(tokenIn(late)).toBe(first);
    expect(late.text).toMatch(/for (9|10) minutes/);
    await older(10);
    expect(tokenIn(await askAgain())).not.toBe(first);
  });
});

describe('a change of address', () => {
  const change = (id: string, token: string, newEmail: string) =>
    roster.api.put(`/users/${id}/email`).set(as(token)).send({ newEmail, currentPassword: PASSWORD }).expect(202);
  const confirm = (body: object, token?: string) =>
    roster.api
      .post('/auth/confirm-email-change')
      .set(token === undefined ? {} : as(token))
      .send(body);

  it('that two accounts ask for within a minute mails both, names each, and is confirmed by who asked alone', async () => {
    const email = 'wanted@example.com';
    const rival = await roster.join('rival@example.com', { username: 'rival' });
    const person = await roster.join('person@example.com', { username: 'person' });
    await change(rival.id, rival.token, email);
    const first = await roster.inbox.waitFor(email);
    await change(person.id, person.token, email);
    const second = await roster.inbox.waitFor(email, 2);
    expect(first.text).toMatch(/Account: rival/);
    expect(second.text).toMatch(/Account: person/);

    // The person reads the mailbox and opens the link of the rival, signed in or not.
    await confirm({ token: tokenIn(first) }).expect(403, /wrong-current-password/);
    await confirm({ token: tokenIn(first) }, person.token).expect(403);
    await confirm({ token: tokenIn(first), newPassword: CHOSEN }).expect(403);
    const page = await roster.api
      .get('/auth/confirm-email-change')
      .query({ token: tokenIn(first) })
      .set('accept', 'text/html');
    expect(page.text).toMatch(/name="currentPassword"[^]*rival/);
    await confirm({ token: tokenIn(second) }, person.token).expect(200);
    await login(email, PASSWORD).expect(200);
    const me = await roster.api.get('/users/me').set(as(person.token)).expect(200);
    expect(me.body).toMatchObject({ email, username: 'person' });
    await confirm({ token: tokenIn(first) }, rival.token).expect(410);
  });

  it('takes the current password in place of a session, on the page too, and counts wrong ones', async () => {
    const { id, token } = await roster.join('by-password@example.com');
    await change(id, token, 'by-password2@example.com');
    const link = tokenIn(await roster.inbox.waitFor('by-password2@example.com'));
    await confirm({ token: link, currentPassword: 'not the right password' }).expect(403, /wrong-current-password/);
    const again = await confirm({ token: link, currentPassword: 'not the right password' }).type('form').expect(403);
    expect(again.text).toContain('not the current password of the account');
    await confirm({ token: link }, 'not-a-token').expect(401);
    const done = await confirm({ token: link, currentPassword: PASSWORD }).type('form').expect(200);
    expect(done.text).toContain('Your email address has been changed');
  });

  it('by an ADMIN is confirmed with a new password, which ends the old one and every session', async () => {
    const { id, token } = await roster.join('moved-by-admin@example.com');
    await roster.api.put(`/users/${id}/email`).set(as(admin)).send({ newEmail: 'moved@example.com' }).expect(202);
    const link = tokenIn(await roster.inbox.waitFor('moved@example.com'));
    await confirm({ token: link }).expect(409, /new-password-required/);
    await confirm({ token: link, newPassword: 'password' }).expect(400, /weak-password/);
    await confirm({ token: link, newPassword: CHOSEN }).expect(200);
    await login('moved@example.com', CHOSEN).expect(200);
    await login('moved@example.com', PASSWORD).expect(401);
    await roster.api.get('/users/me').set(as(token)).expect(401);
  });

  it('tells the old mailbox no more of the new address than its owner would recognise', async () => {
    const { id, token } = await roster.join('old-mailbox@example.com');
    await change(id, token, 'secret-new-one@example.org');
    const asked = await roster.inbox.about('old-mailbox@example.com', /about to change|soon|new email/i);
    await confirm({ token: tokenIn(await roster.inbox.waitFor('secret-new-one@example.org')) }, token).expect(200);
    await jobsDone();
    const mails = roster.inbox.to('old-mailbox@example.com');
    expect(asked.text).toContain('s…@example.org');
    expect(mails.at(-1)?.text).toContain('s…@example.org');
    expect(mails.map(({ raw }) => raw).join()).not.toContain('secret-new-one');
  });
});

describe('a password that somebody else chose', () => {
  it('ends with its sessions when the person proves the address by a magic link', async () => {
    const email = 'made-by-manager@example.com';
    const made = await roster.api
      .post('/users')
      .set(as(admin))
      .send({ email, password: KNOWN_TO_THE_ATTACKER, firstName: 'Nora' })
      .expect(201);
    const session = await login(email, KNOWN_TO_THE_ATTACKER, ATTACKER).expect(200);
    const managers = (session.body as { accessToken: string }).accessToken;
    await roster.api.get('/users/me').set(as(managers)).expect(200);

    await post('magic-link/request', { email });
    const link = await roster.inbox.about(email, /sign in/i);
    const own = await post('magic-link', { token: tokenIn(link) }).expect(200);
    await roster.api.get('/users/me').set(as(managers)).expect(401);
    await login(email, KNOWN_TO_THE_ATTACKER, ATTACKER).expect(401);
    const me = await roster.api
      .get('/users/me')
      .set(as((own.body as { accessToken: string }).accessToken))
      .expect(200);
    expect(me.body).toMatchObject({ id: (made.body as { id: string }).id, emailVerified: true });
    await jobsDone();
    expect(subjects(email)).toEqual(expect.arrayContaining([expect.stringMatching(/sign-in method/i)]));
  });

  it.each([
    ['a session', true],
    ['the current password', false],
  ])('ends with its sessions when the person proves another address, confirmed by %s', async (_by, bySession) => {
    const email = `moved-to-${bySession}@example.com`;
    const username = `made-${bySession}`;
    const made = await roster.api
      .post('/users')
      .set(as(admin))
      .send({ username, password: KNOWN_TO_THE_ATTACKER, firstName: 'Nora' })
      .expect(201);
    const { id } = made.body as { id: string };
    const managers = await roster.signIn(username, KNOWN_TO_THE_ATTACKER);
    const persons = await roster.signIn(username, KNOWN_TO_THE_ATTACKER);
    const asked = { newEmail: email, currentPassword: KNOWN_TO_THE_ATTACKER };
    await roster.api.put(`/users/${id}/email`).set(as(persons)).send(asked).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    const confirm = (body: object, headers: Record<string, string> = bySession ? as(persons) : {}) =>
      roster.api.post('/auth/confirm-email-change').set(headers).send(body);
    const proof = bySession ? { token } : { token, currentPassword: KNOWN_TO_THE_ATTACKER };

    const state = await roster.api.get('/auth/confirm-email-change').query({ token }).set('accept', 'application/json');
    expect(state.body).toMatchObject({ valid: true, newPasswordRequired: true });
    const page = await roster.api.get('/auth/confirm-email-change').query({ token }).set('accept', 'text/html');
    expect(page.text).toMatch(/name="currentPassword"[^]*name="newPassword"/);
    const refused = await confirm(proof).expect(409);
    expect(refused.body).toMatchObject({ code: 'new-password-required', errors: [{ path: 'newPassword' }] });
    const again = await confirm(proof).type('form').expect(409);
    expect(again.text).toContain('name="newPassword"');
    // It is still whoever asked that confirms.
    await confirm({ token, newPassword: CHOSEN }, {}).expect(403, /wrong-current-password/);
    await confirm({ ...proof, newPassword: 'password' }).expect(400, /weak-password/);
    await confirm({ ...proof, newPassword: CHOSEN }).expect(200);

    for (const session of [managers, persons]) await roster.api.get('/users/me').set(as(session)).expect(401);
    await login(email, KNOWN_TO_THE_ATTACKER).expect(401);
    await login(username, KNOWN_TO_THE_ATTACKER).expect(401);
    const own = await login(email, CHOSEN).expect(200);
    expect((own.body as { user: object }).user).toMatchObject({ id, email, emailVerified: true });
  });

  it('of the person stays when a magic link proves the address again', async () => {
    const email = 'own-password@example.com';
    const { token } = await roster.join(email);
    await post('magic-link/request', { email });
    const link = await roster.inbox.about(email, /sign in/i);
    await post('magic-link', { token: tokenIn(link) }).expect(200);
    await login(email, PASSWORD).expect(200);
    await roster.api.get('/users/me').set(as(token)).expect(200);
  });
});
