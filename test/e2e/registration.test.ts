import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ReceivedMail, tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
// Locks are tested by themselves: here a crowd tries its passwords at one address.
beforeAll(async () => (roster = await startRoster({ LOCKOUT_THRESHOLD: '1000' })));
afterAll(() => roster.stop());

const register = (input: object) => roster.api.post('/auth/register').send({ password: PASSWORD, ...input });
const login = (identifier: string, password: string) => roster.api.post('/auth/login').send({ identifier, password });

const CHOSEN = 'a password for this door alone';
/** Opens the link, and chooses a password. */
const confirm = (mail: ReceivedMail) =>
  roster.api.post('/auth/verify-email').send({ token: tokenIn(mail), newPassword: CHOSEN });

/** What an observer can tell two answers apart by, without what differs anyway. */
function visible({ status, headers, body }: { status: number; headers: Record<string, string>; body: unknown }) {
  const { date: _date, 'x-trace-id': _trace, ...rest } = headers;
  return { status, headers: rest, body: { ...(body as object), traceId: undefined } };
}

/** As if the last mail to every address were more than a minute ago. */
const forgetThrottle = () => roster.database.query('DELETE FROM address_throttle');

describe('an address belongs to whoever proves it', () => {
  it('answers alike for a new and a taken address, and tells only the owner (ASVS V6.3.8)', async () => {
    await roster.join('owner@example.com', { firstName: 'Olga' });
    await forgetThrottle();
    const taken = await register({ email: 'Owner@Example.com' });
    const fresh = await register({ email: 'nobody-yet@example.com' });
    expect(visible(taken)).toEqual(visible(fresh));

    const notice = await roster.inbox.waitFor('owner@example.com', 2);
    expect(notice.email.subject).toMatch(/already have an account/i);
    expect(notice.text).not.toContain('token=');
    // The owner's own password still works, and the stranger's claim holds nothing.
    await login('owner@example.com', PASSWORD).expect(200);
  });

  it("does not let a registration of one's own find out whether the address has an owner", async () => {
    await roster.join('victim@example.com');
    const password = 'seven idle boats on slate water';
    await register({ email: 'victim@example.com', password, username: 'probe1' }).expect(202);
    await register({ email: 'unowned@example.com', password, username: 'probe2' }).expect(202);
    const owned = await login('victim@example.com', password);
    const unowned = await login('unowned@example.com', password);
    expect(owned.body).toMatchObject({ code: 'email-not-verified' });
    expect({ ...visible(owned), headers: {} }).toEqual({ ...visible(unowned), headers: {} });
    // The username is reserved in both cases.
    await register({ email: 'a1@example.com', username: 'PROBE1' }).expect(409);
    await register({ email: 'a2@example.com', username: 'probe2' }).expect(409);
  });

  it('activates only the registration that the link was mailed for, and no other claim after it', async () => {
    const email = 'contested@example.com';
    await register({ email, password: 'first claim by the green door' }).expect(202);
    const first = await roster.inbox.waitFor(email);
    await forgetThrottle();
    await register({ email, password: 'second claim by the blue door' }).expect(202);
    const second = await roster.inbox.waitFor(email, 2);

    await confirm(second).expect(200);
    await login(email, CHOSEN).expect(200);
    await login(email, 'first claim by the green door').expect(403);
    await confirm(first).expect(410);
    const rows = await roster.database.query('SELECT 1 FROM users WHERE email_key = $1 AND NOT pending', [email]);
    expect(rows).toHaveLength(1);
  });

  it('lets one of two claims win when both links are opened at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const email = `race${round}@example.com`;
      await register({ email, password: 'first claim by the green door' }).expect(202);
      const first = await roster.inbox.waitFor(email);
      await forgetThrottle();
      await register({ email, password: 'second claim by the blue door' }).expect(202);
      const second = await roster.inbox.waitFor(email, 2);
      const answers = await Promise.all([first, second, first, second].map((mail) => confirm(mail)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410, 410]);
    }
  });

  it('uses a link once, however many open it at the same moment', async () => {
    const email = 'once@example.com';
    await register({ email }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => roster.api.post('/auth/verify-email').send({ token })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(15);
  });
});

describe('a fresh link', () => {
  it('is the same link again, comes at most once a minute, and is answered alike for every address', async () => {
    const email = 'late@example.com';
    await register({ email }).expect(202);
    const first = await roster.inbox.waitFor(email);
    const resend = (address: string) =>
      roster.api.post('/auth/resend-verification').send({ email: address }).expect(202);

    const known = await resend(email);
    const unknown = await resend('stranger@example.com');
    expect(visible(known)).toEqual(visible(unknown));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(roster.inbox.to(email)).toHaveLength(1);
    // The link that was mailed is still good: a request that sends nothing must not kill it.
    await roster.api
      .get('/auth/verify-email')
      .query({ token: tokenIn(first) })
      .set('accept', 'application/json')
      .expect(200);

    await forgetThrottle();
    await resend(email);
    const second = await roster.inbox.waitFor(email, 2);
    expect(tokenIn(second)).toBe(tokenIn(first));
    // Who asked for it again need not be who registered.
    await roster.api
      .post('/auth/verify-email')
      .send({ token: tokenIn(second) })
      .expect(409, /new-password-required/);
    await confirm(second).expect(200);
    expect(roster.inbox.to('stranger@example.com')).toHaveLength(0);
  });

  it('that has expired, or never was one, is 410 and offers another on a page', async () => {
    const email = 'expired@example.com';
    await register({ email }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    await roster.database.query("UPDATE one_time_tokens SET expires_at = now() - interval '1 second'");
    const [id] = token.split('.');
    const forged = `${id}.${'A'.repeat(43)}`;
    for (const bad of [token, forged, 'nonsense', `${token}x`, token.slice(0, -1)]) {
      const json = await roster.api.post('/auth/verify-email').send({ token: bad }).expect(410);
      expect(json.body).toMatchObject({ code: 'token-expired-or-used', status: 410 });
      const page = await roster.api
        .get('/auth/verify-email')
        .query({ token: bad })
        .set('accept', 'text/html')
        .expect(410);
      expect(page.text).toContain('action="/auth/resend-verification"');
    }
  });

  it('is never in the database: no stored value is the token or opens anything', async () => {
    const email = 'dump@example.com';
    await register({ email }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    const [, secret = ''] = token.split('.');
    const tables = await roster.database.query<{ name: string }>(
      "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')",
    );
    for (const { name } of tables) {
      const rows = await roster.database.query<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`);
      expect(rows.filter(({ row }) => row.includes(secret))).toEqual([]);
    }
  });
});

describe('registering', () => {
  it('refuses a taken username whatever its case, and a weak password, with nothing stored', async () => {
    await register({ email: 'u1@example.com', username: 'Grace.Hopper' }).expect(202);
    const taken = await register({ email: 'u2@example.com', username: 'grace.hopper' }).expect(409);
    expect(taken.body).toMatchObject({ code: 'username-taken' });
    const weak = await register({ email: 'u3@example.com', password: 'password1234' }).expect(400);
    expect(weak.body).toMatchObject({ code: 'weak-password', errors: [{ path: 'password' }] });
    const rows = await roster.database.query("SELECT 1 FROM users WHERE email IN ('u2@example.com', 'u3@example.com')");
    expect(rows).toEqual([]);
  });

  it('gives a username that two ask for at the same moment to one of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => register({ email: `same${index}@example.com`, username: 'samename' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409, 409, 409]);
  });

  it('signs in by username, in any case, once the address is proved', async () => {
    await roster.join('named@example.com', { username: 'Edsger' });
    await login('EDSGER', PASSWORD).expect(200);
    await roster.api.post('/auth/login').send({ email: 'named@example.com', password: PASSWORD }).expect(200);
  });

  it('answers alike for an unknown user and a wrong password', async () => {
    await roster.join('known@example.com');
    const wrong = await login('known@example.com', 'not the right password');
    const unknown = await login('unknown@example.com', 'not the right password');
    expect(wrong.status).toBe(401);
    expect(wrong.headers['www-authenticate']).toBe('Bearer');
    expect(visible(wrong)).toEqual(visible(unknown));
  });
});

it('a registration whose rival was made by a server of the release before, which notes none, asks for a new password', async () => {
  const email = 'noted-by-nobody@example.com';
  await register({ email }).expect(202);
  const token = tokenIn(await roster.inbox.waitFor(email));
  await register({ email, password: 'the attacker knows this one well' }).expect(202);
  await roster.database.query(
    `UPDATE one_time_tokens SET new_password_required = false
     WHERE user_id IN (SELECT id FROM users WHERE email = $1)`,
    [email],
  );
  const open = (more: object = {}) => roster.api.post('/auth/verify-email').send({ token, ...more });
  expect((await open().expect(409)).body).toMatchObject({ code: 'new-password-required' });
  await open({ newPassword: CHOSEN }).expect(200);
  await login(email, CHOSEN).expect(200);
});
