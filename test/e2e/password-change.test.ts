import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

const NEXT = 'seven idle boats on slate water';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const me = (token: string) => roster.api.get('/users/me').set(as(token));
const change = (id: string, token: string, currentPassword = PASSWORD, newPassword = NEXT) =>
  roster.api.put(`/users/${id}/password`).set(as(token)).send({ currentPassword, newPassword });

describe('changing one’s password', () => {
  it('keeps this session, ends the others and every link that was mailed, and tells by mail', async () => {
    const email = 'ada@example.com';
    const { id, token } = await roster.join(email);
    const elsewhere = await roster.signIn(email, PASSWORD);
    const mailed = [];
    for (const [path, count] of [
      ['/auth/request-password-reset', 2],
      ['/auth/magic-link/request', 3],
    ] as const) {
      await roster.api.post(path).send({ email }).expect(202);
      mailed.push(tokenIn(await roster.inbox.waitFor(email, count)));
    }
    const asked = { newEmail: 'countess@example.com', currentPassword: PASSWORD };
    await roster.api.put(`/users/${id}/email`).set(as(token)).send(asked).expect(202);
    const emailChange = tokenIn(await roster.inbox.waitFor('countess@example.com'));
    await roster.inbox.waitFor(email, 4);

    await change(id, token).expect(204, '');
    await me(token).expect(200);
    await me(elsewhere).expect(401);
    await roster.api.post('/auth/login').send({ email, password: PASSWORD }).expect(401);
    await roster.signIn(email, NEXT);
    await roster.api.post('/auth/reset-password').send({ token: mailed[0], newPassword: PASSWORD }).expect(410);
    await roster.api.post('/auth/magic-link').send({ token: mailed[1] }).expect(410);
    await roster.api.post('/auth/confirm-email-change').send({ token: emailChange }).expect(410);
    const notice = await roster.inbox.waitFor(email, 5);
    expect(notice.text).toMatch(/YOUR PASSWORD HAS CHANGED[^]*Changed on/);
  });

  it('leaves a contact’s link alone, which gives no right', async () => {
    const { id, token } = await roster.join('contact@example.com');
    const contact = { kind: 'email', value: 'work@example.com' };
    await roster.api.post(`/users/${id}/contacts`).set(as(token)).send(contact).expect(201);
    const link = tokenIn(await roster.inbox.waitFor('work@example.com'));
    await change(id, token).expect(204);
    await roster.api.post('/auth/confirm-contact').send({ token: link }).expect(200);
  });

  it('needs the current one, and a good new one; else nothing changes', async () => {
    const { id, token } = await roster.join('careful@example.com');
    for (const wrong of ['not the right password', '', 'x'.repeat(1024)]) {
      const refused = await change(id, token, wrong).expect(403);
      expect(refused.body).toMatchObject({ code: 'wrong-current-password', errors: [{ path: 'currentPassword' }] });
    }
    await change(id, token, PASSWORD, 'password1234').expect(400, /weak-password/);
    await change(id, token, PASSWORD, 'careful careful').expect(400, /weak-password/);
    await change(id, token).set('if-match', '"1"').expect(412);
    await roster.api.put(`/users/${id}/password`).set(as(token)).send({ newPassword: NEXT }).expect(400);
    await roster.signIn('careful@example.com', PASSWORD);
    const events = await roster.database.query(
      "SELECT 1 FROM user_events WHERE user_id = $1 AND type = 'user.password_changed'",
      [id],
    );
    expect(events).toEqual([]);
  });

  it('counts wrong guesses for the session, whose lock looks like one of them and shuts nobody out elsewhere', async () => {
    const { id, token } = await roster.join('guessed@example.com');
    const wrong = [];
    for (let tries = 0; tries < 5; tries++) wrong.push(await change(id, token, 'not the right password').expect(403));
    const right = await change(id, token).expect(403);
    const seen = ({ body }: { body: object }) => ({ ...body, traceId: undefined });
    expect(seen(right)).toEqual(seen(wrong[0]!));
    await roster.api.post('/auth/login').send({ email: 'guessed@example.com', password: PASSWORD }).expect(200);
    await me(token).expect(200);
  });

  it('is for oneself alone, as an ADMIN too', async () => {
    const { id, token } = await roster.join('own@example.com');
    await change(id, admin, ADMIN.password).expect(403, /"forbidden"/);
    const root = String((await me(admin).expect(200)).body.id);
    await change(root, token).expect(403, /"forbidden"/);
    await change(root, admin, ADMIN.password, NEXT).expect(204);
    await change(root, admin, NEXT, ADMIN.password).expect(204);
  });

  it('is done by one of many at once who know the same password', async () => {
    const { id, token } = await roster.join('at-once@example.com');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => change(id, token, PASSWORD, `claim ${index} of quiet river stones`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 7 }, () => 403)]);
  });
});
