import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignInGate } from '../../src/auth/sign-in/sign-in-gate.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string) => roster.api.post('/auth/login').send({ identifier, password: PASSWORD });
type Signed = { accessToken: string; refreshToken: string };
const signedIn = async (identifier: string) => (await login(identifier).expect(200)).body as Signed;
const ask = (id: string, token: string, newEmail: string, currentPassword: string | null = PASSWORD) =>
  roster.api.put(`/users/${id}/email`).set(as(token)).send({ newEmail, currentPassword });
/** As the account whose access token it is, or with what else proves that. */
const confirm = (token: string, by: string | object) =>
  roster.api
    .post('/auth/confirm-email-change')
    .set(typeof by === 'string' ? as(by) : {})
    .send({ token, ...(typeof by === 'object' && by) });
const NEW = { newPassword: PASSWORD };
const forgetThrottle = () => roster.database.query('DELETE FROM address_throttle');

describe('asking for another address', () => {
  it('changes nothing until the new one is confirmed; the old one is told at once and afterwards', async () => {
    const { id, token } = await roster.join('ada@example.com', { firstName: 'Ada' });
    const asked = await ask(id, token, 'countess@example.com').expect(202);
    const toNew = await roster.inbox.waitFor('countess@example.com');
    const toOld = await roster.inbox.waitFor('ada@example.com', 2);
    expect(asked.body.message).toContain('on its way');
    expect(toNew.text).toMatch(/Account: Ada[^]*From 127\.0\.0\.1/);
    expect(toNew.text).not.toContain('ada@example.com');
    expect(toOld.text).toMatch(/c…@example\.com[^]*Nothing has changed yet[^]*From 127\.0\.0\.1/);
    const before = await roster.api.get('/users/me').set(as(token)).expect(200);
    expect(before.body).toMatchObject({ email: 'ada@example.com', emailVerified: true });
    await login('countess@example.com').expect(401);

    const link = tokenIn(toNew);
    const page = await roster.api.get('/auth/confirm-email-change').query({ token: link }).expect(200);
    expect(page.text).toContain('countess@example.com');
    expect(page.text).not.toMatch(
      /ada@example\.com|<script(?! type="module" src="\/assets\/pages\.js"><\/script>)|style=/,
    );
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    const done = await confirm(link, { currentPassword: PASSWORD }).type('form').expect(200);
    expect(done.text).toContain('Your email address has been changed');
    await confirm(link, token).expect(410);

    const after = await roster.api.get('/users/me').set(as(token)).expect(200);
    expect(after.body).toMatchObject({ id, email: 'countess@example.com', emailVerified: true });
    await login('countess@example.com').expect(200);
    await login('ada@example.com').expect(401);
    const last = await roster.inbox.waitFor('ada@example.com', 3);
    expect(last.text).toMatch(/YOUR EMAIL ADDRESS HAS CHANGED[^]*c…@example\.com/);
    // The old address is free.
    await forgetThrottle();
    await roster.api.post('/auth/register').send({ email: 'ada@example.com', password: PASSWORD }).expect(202);
    const fresh = tokenIn(await roster.inbox.waitFor('ada@example.com', 4));
    await roster.api.post('/auth/verify-email').send({ token: fresh }).expect(200);
  });

  it('needs one’s own password, as an ADMIN too, and none for another user as an ADMIN', async () => {
    const { id, token } = await roster.join('owner@example.com');
    for (const wrong of ['not the right password', '', null]) {
      await ask(id, token, 'thief@example.com', wrong).expect(403, /wrong-current-password/);
    }
    const root = await roster.api.get('/users/me').set(as(admin)).expect(200);
    await ask(String(root.body.id), admin, 'thief@example.com', null).expect(403, /wrong-current-password/);
    await roster.api.put(`/users/${id}/email`).set(as(admin)).send({ newEmail: 'moved@example.com' }).expect(202);
    const notice = await roster.inbox.waitFor('owner@example.com', 2);
    expect(notice.text).toMatch(/m…@example\.com[^]*By an administrator/);
    expect(notice.text).not.toContain('127.0.0.1');
    await confirm(tokenIn(await roster.inbox.waitFor('moved@example.com')), NEW).expect(200);
    await login('moved@example.com').expect(200);
    expect(roster.inbox.to('thief@example.com')).toEqual([]);
  });

  it('answers alike for a taken address, in all that its user can see, and tells the owner (ASVS V6.3.8)', async () => {
    const taken = await roster.join('victim@example.com', { firstName: 'Vera' });
    const { id, token } = await roster.join('curious@example.com');
    const seen = async (newEmail: string) => {
      await forgetThrottle();
      const { status, body, headers } = await ask(id, token, newEmail);
      const mail = await roster.inbox.waitFor(newEmail);
      for (let sent = false; !sent; await new Promise((resolve) => setTimeout(resolve, 20))) {
        sent = (await roster.database.query("SELECT 1 FROM mails WHERE state = 'queued'")).length === 0;
      }
      const { date: _date, 'x-trace-id': _trace, ...rest } = headers as Record<string, string>;
      const file = await roster.api.get(`/users/${id}/export`).set(as(token)).expect(200);
      const { mails, links } = file.body.data as { mails: Record<string, string>[]; links: object[] };
      const shown = mails.slice(-2).map(({ template, state, attempts }) => ({ template, state, attempts }));
      return { mail, visible: { status, body, headers: rest, shown, links: links.length } };
    };
    const free = await seen('free@example.com');
    const owned = await seen('Victim@example.com');
    expect(owned.visible).toEqual(free.visible);
    expect(owned.mail.text).not.toContain('token=');
    expect(owned.mail.text).toMatch(/Hello Vera[^]*already belongs to an account/);
    await roster.api.get('/users/me').set(as(taken.token)).expect(200);
  });

  it('mails an address once a minute; the newest link counts, and only for its own address', async () => {
    const { id, token } = await roster.join('twice@example.com');
    await ask(id, token, 'first@example.com').expect(202);
    const first = tokenIn(await roster.inbox.waitFor('first@example.com'));
    await ask(id, token, 'FIRST@example.com').expect(202);
    await ask(id, token, 'second@example.com').expect(202);
    const second = tokenIn(await roster.inbox.waitFor('second@example.com'));
    expect(roster.inbox.to('first@example.com')).toHaveLength(1);
    await confirm(first, token).expect(410);
    await confirm(second, token).expect(200);
  });

  it('is refused for the address that one has, and for whoever is not there or not proved', async () => {
    const { id, token } = await roster.join('same@example.com');
    await ask(id, token, 'same@example.com').expect(400, /email-unchanged/);
    await ask(id, token, 'not an address').expect(400, /validation-failed/);
    await ask(id, token, 'other@example.com').set('if-match', '"1"').expect(412);
    await roster.api.post('/auth/register').send({ email: 'claim@example.com', password: PASSWORD }).expect(202);
    const [claim] = await roster.database.query<{ id: string }>(
      "SELECT id FROM users WHERE email = 'claim@example.com'",
    );
    await ask(claim!.id, admin, 'other@example.com').expect(404);
    // Another spelling of it is another address to write to.
    await ask(id, token, 'Same@example.com').expect(202);
    await confirm(tokenIn(await roster.inbox.waitFor('Same@example.com')), token).expect(200);
  });
});

describe('the link to the new address', () => {
  it('works once of 16 at once, and ends the other links', async () => {
    const { id, token } = await roster.join('race@example.com');
    await ask(id, token, 'raced@example.com').expect(202);
    const link = tokenIn(await roster.inbox.waitFor('raced@example.com'));
    await roster.api.post('/auth/request-password-reset').send({ email: 'race@example.com' }).expect(202);
    const reset = tokenIn(await roster.inbox.waitFor('race@example.com', 3));
    const answers = await Promise.all(Array.from({ length: 16 }, () => confirm(link, token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(15);
    await roster.api
      .post('/auth/reset-password')
      .send({ token: reset, newPassword: `${PASSWORD}!` })
      .expect(410);
  });

  it('is dead once somebody else has proved the address, also at the same moment', async () => {
    for (let round = 0; round < 4; round++) {
      const email = `contested${round}@example.com`;
      const { id, token } = await roster.join(`mover${round}@example.com`);
      await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
      const verification = tokenIn(await roster.inbox.waitFor(email));
      await ask(id, token, email).expect(202);
      const link = tokenIn(await roster.inbox.waitFor(email, 2));
      const verify = () => roster.api.post('/auth/verify-email').send({ token: verification, newPassword: PASSWORD });
      const answers =
        round === 0
          ? [await verify(), await confirm(link, token)]
          : await Promise.all([verify(), confirm(link, token)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 410]);
      const owners = await roster.database.query('SELECT 1 FROM users WHERE email_key = $1 AND NOT pending', [email]);
      expect(owners).toHaveLength(1);
    }
  });

  it('ends every session but the one that asked, and all of them where an ADMIN asked', async () => {
    const refresh = (refreshToken: string) => roster.api.post('/auth/refresh').send({ refreshToken });
    const alive = async ({ accessToken, refreshToken }: Signed) => [
      (await roster.api.get('/users/me').set(as(accessToken))).status,
      (await refresh(refreshToken)).status,
    ];
    const { id } = await roster.join('many@example.com');
    const [asking, other] = [await signedIn('many@example.com'), await signedIn('many@example.com')];
    await ask(id, asking.accessToken, 'moved-on@example.com').expect(202);
    await confirm(tokenIn(await roster.inbox.waitFor('moved-on@example.com')), { currentPassword: PASSWORD }).expect(
      200,
    );
    expect(await alive(other)).toEqual([401, 401]);
    expect(await alive(asking)).toEqual([200, 200]);
    const reasons = await roster.database.query(
      "SELECT DISTINCT end_reason FROM sessions WHERE user_id = $1 AND end_reason <> 'signed-out'",
      [id],
    );
    expect(reasons).toEqual([{ end_reason: 'email-changed' }]);

    await roster.api.put(`/users/${id}/email`).set(as(admin)).send({ newEmail: 'far@example.com' }).expect(202);
    await confirm(tokenIn(await roster.inbox.waitFor('far@example.com')), NEW).expect(200);
    expect(await alive(asking)).toEqual([401, 401]);
    // The one of the ADMIN who asked goes on.
    await roster.api.get('/users/me').set(as(admin)).expect(200);
  });

  it('mails a link that works to the address asked for last, however soon after another', async () => {
    const { id, token } = await roster.join('undecided@example.com');
    await ask(id, token, 'first-choice@example.com').expect(202);
    const first = tokenIn(await roster.inbox.waitFor('first-choice@example.com'));
    await ask(id, token, 'second-choice@example.com').expect(202);
    const second = tokenIn(await roster.inbox.waitFor('second-choice@example.com'));
    await ask(id, token, 'first-choice@example.com').expect(202);
    const last = tokenIn(await roster.inbox.waitFor('first-choice@example.com', 2));
    for (const dead of [first, second]) await confirm(dead, token).expect(410);
    await confirm(last, token).expect(200);
    await login('first-choice@example.com').expect(200);
  });

  it('by guesses at the password locks the account like any others, and its owner is told', async () => {
    const { id, token } = await roster.join('guessed@example.com');
    await ask(id, token, 'guessed-new@example.com').expect(202);
    const link = tokenIn(await roster.inbox.waitFor('guessed-new@example.com'));
    const guess = { currentPassword: 'seven idle boats on slate water' };
    for (let time = 0; time < 5; time++) await confirm(link, guess).expect(403, /wrong-current-password/);
    await confirm(link, { currentPassword: PASSWORD }).expect(403);
    const mail = await roster.inbox.about('guessed@example.com', /too many wrong passwords/i);
    expect(mail.text).toMatch(/nobody\s+can\s+sign\s+in/);
    await login('guessed@example.com').expect(401);
    const shown = await roster.api.get(`/users/${id}`).set(as(admin)).expect(200);
    expect(shown.body).toMatchObject({ status: 'LOCKED', lockedUntil: expect.any(String) });

    // The link in that mail ends both, and who is signed in meets neither.
    await roster.api.get('/users/me').set(as(token)).expect(200);
    await roster.api
      .post('/auth/unlock')
      .send({ token: tokenIn(mail) })
      .expect(200);
    await login('guessed@example.com').expect(200);
    await confirm(link, { currentPassword: PASSWORD }).expect(200);
  });

  it('by the right password is not kept from anybody by guesses elsewhere', async () => {
    const { id, token } = await roster.join('guessed-elsewhere@example.com');
    await ask(id, token, 'elsewhere-new@example.com').expect(202);
    const link = tokenIn(await roster.inbox.waitFor('elsewhere-new@example.com'));
    const wrong = { identifier: 'guessed-elsewhere@example.com', password: 'seven idle boats on slate water' };
    for (let time = 0; time < 5; time++) await roster.api.post('/auth/login').send(wrong).expect(401);
    await login('guessed-elsewhere@example.com').expect(401);
    await confirm(link, { currentPassword: PASSWORD }).expect(200);
  });

  it('ends a sign-in that is under way by a link to the address before', async () => {
    const { id, token } = await roster.join('read-along@example.com');
    await roster.api.post('/auth/magic-link/request').send({ email: 'read-along@example.com' }).expect(202);
    const magic = tokenIn(await roster.inbox.waitFor('read-along@example.com', 2));
    await ask(id, token, 'alone@example.com').expect(202);
    const link = tokenIn(await roster.inbox.waitFor('alone@example.com'));
    const gate = roster.app.get(SignInGate, { strict: false });
    const admit = gate.admit.bind(gate);
    gate.admit = async (...attempt) => {
      await confirm(link, token).expect(200);
      return admit(...attempt);
    };
    try {
      await roster.api.post('/auth/magic-link').send({ token: magic }).expect(401);
    } finally {
      gate.admit = admit;
    }
  });

  it('opens nothing any more once its user was suspended or deleted', async () => {
    const { id, token } = await roster.join('away@example.com');
    await ask(id, token, 'back@example.com').expect(202);
    const link = tokenIn(await roster.inbox.waitFor('back@example.com'));
    const act = (path: string) => roster.api.post(`/users/${id}/${path}`).set(as(admin)).send({}).expect(200);
    await act('suspend');
    await confirm(link, { currentPassword: PASSWORD }).expect(410);
    await act('reinstate');
    await confirm(link, { currentPassword: PASSWORD }).expect(410);
  });
});
