import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { Authenticator } from '../support/authenticator.js';
import { PasskeyUsers } from '../support/passkeys.js';
import { makeHome, RosterProcess } from '../support/process.js';
import { as, type SignedIn, TwoRosters } from '../support/two-rosters.js';

const CHOSEN = 'a password for this door alone';

let two: TwoRosters;
// Locks are tested by themselves: here a crowd tries its passwords at one address.
beforeAll(async () => void (two = await TwoRosters.start({}, { LOCKOUT_THRESHOLD: '1000' })));
afterAll(() => two.stop());

const login = (identifier: string, password: string) => two.one.api.post('/auth/login').send({ identifier, password });

it('an address takes 50 registrations at once, mails eight, and makes one owner with a password of who opened the link', async () => {
  const email = 'crowd@example.com';
  const passwords = Array.from({ length: 50 }, (_, index) => `claim ${index} of quiet river stones`);
  const answers = await Promise.all(
    passwords.map((password) => two.one.api.post('/auth/register').send({ email, password, firstName: 'Ada' })),
  );
  expect(answers.map(({ status }) => status)).toEqual(passwords.map(() => 202));

  const mail = await two.one.inbox.waitFor(email, 8);
  await two.one.api
    .post('/auth/verify-email')
    .send({ token: tokenIn(mail), newPassword: CHOSEN })
    .expect(200);

  const owners = await two.one.database.query('SELECT 1 FROM users WHERE email_key = $1 AND NOT pending', [email]);
  expect(owners).toHaveLength(1);
  const signIns = await Promise.all(passwords.map((password) => login(email, password)));
  // Each answers as it did before, that of the registration that won too.
  expect(signIns.filter(({ status }) => status === 403)).toHaveLength(50);
  await login(email, CHOSEN).expect(200);
  expect(two.one.inbox.to(email)).toHaveLength(8);
});

it('a link to choose a new password is used by one of 16 at once over two processes (ASVS V6.4.1)', async () => {
  const home = makeHome();
  const other = await RosterProcess.start(home, {
    DATABASE_URL: two.one.database.url,
    SMTP_URL: two.one.inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
  });
  try {
    await two.one.join('reset-race@example.com');
    await two.one.api.post('/auth/request-password-reset').send({ email: 'reset-race@example.com' }).expect(202);
    const token = tokenIn(await two.one.inbox.waitFor('reset-race@example.com', 2));
    const passwords = Array.from({ length: 16 }, (_, index) => `claim ${index} of quiet river stones`);
    const answers = await Promise.all(
      passwords.map((newPassword, index) =>
        (index % 2 === 0 ? two.one.api : other.api).post('/auth/reset-password').send({ token, newPassword }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 15 }, () => 410)]);
    const winner = passwords[answers.findIndex(({ status }) => status === 204)]!;
    await login('reset-race@example.com', winner).expect(200);
    const events = await two.one.database.query(
      `SELECT 1 FROM user_events WHERE type = 'user.password_reset.completed'
         AND user_id = (SELECT id FROM users WHERE email = 'reset-race@example.com')`,
    );
    expect(events).toHaveLength(1);
  } finally {
    await RosterProcess.killAll();
    home.remove();
  }
}, 60_000);

it('a refresh that races a logout leaves nothing alive', async () => {
  for (let round = 0; round < 8; round++) {
    const session = round === 0 ? await two.join('race') : await two.login('race@example.com');
    const refreshes = Array.from({ length: 4 }, (_, index) =>
      two.refresh(session.refreshToken, index % 2 ? two.one : two.other),
    );
    const logout = (round % 2 ? two.one : two.other).api.post('/auth/logout').set(as(session.accessToken));
    const [ended, ...answers] = await Promise.all([logout, ...refreshes]);
    expect(ended.status).toBe(204);
    await sleep(101);
    for (const { status, body } of answers) {
      expect([200, 401]).toContain(status);
      if (status !== 200) continue;
      for (const at of [two.one, two.other]) {
        await two.me((body as SignedIn).accessToken, at).expect(401);
        await two.refresh((body as SignedIn).refreshToken, at).expect(401);
      }
    }
  }
});

it('a passkey can be added twenty times, and each once, to one account', async () => {
  const users = new PasskeyUsers(two.one);
  const dan = await users.join('dan');
  const taken = dan.device.credentials[0]!.id;
  const eve = await two.one.join('eve@example.com');
  for (const whose of [dan, eve]) {
    const copy = new Authenticator().create(await users.optionsToAdd(whose), { credentialId: taken });
    expect((await users.add(whose, copy).expect(409)).body).toMatchObject({ code: 'passkey-exists' });
  }
  const pending = [];
  for (let count = 0; count < 24; count += 1) pending.push(new Authenticator().create(await users.optionsToAdd(dan)));
  const statuses = await Promise.all(pending.map(async (one) => (await users.add(dan, one)).status));
  expect(statuses.filter((status) => status === 201)).toHaveLength(19);
  expect(statuses.filter((status) => status === 409)).toHaveLength(5);
  await two.one.api.post(`/users/${dan.id}/passkeys/options`).set(as(dan.token)).expect(409);
});
