import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp, codeOf, freshCode, roomInStep, type SetUp, ticketOf } from '../support/totp.js';
import { as } from '../support/two-rosters.js';
import type { ReceivedMail } from '../support/inbox.js';

const CODE = /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/;

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const login = (identifier: string, choice: object = {}) =>
  roster.api.post('/auth/login').send({ identifier, password: PASSWORD, ...choice });
const present = (token: string, code: string, method = 'totp', more: object = {}) =>
  roster.api.post('/auth/second-factor').send({ token, method, code, ...more });
const get = (path: string, token: string) => roster.api.get(path).set(as(token));
const post = (path: string, token: string, body: object = {}) => roster.api.post(path).set(as(token)).send(body);
const begin = async (token: string) =>
  (await post('/users/me/totp', token).expect(200)).body as { secret: string; uri: string; qr: string };
const confirm = (token: string, code: string) => post('/users/me/totp/confirm', token, { code });

interface Person extends SetUp {
  readonly email: string;
  readonly id: string;
  readonly token: string;
}

async function withTotp(email: string): Promise<Person> {
  const { id, token } = await roster.join(email);
  return { email, id, token, ...(await addTotp(roster, token)) };
}

/** The access token of a session with both factors, as a change of factors needs one. */
async function strongToken({ email, id, secret }: Person): Promise<string> {
  const { body } = await present(ticketOf(await login(email)), await freshCode(roster, secret, id)).expect(200);
  return (body as { accessToken: string }).accessToken;
}

/** The answer of a whole sign-in with a recovery code. */
async function signInWith(code: string, { email }: Person) {
  return present(ticketOf(await login(email)), code, 'recovery-code');
}

const mailText = async (mail: Promise<ReceivedMail>): Promise<string> => (await mail).text.replace(/\s+/g, ' ');
const eventsOf = async (id: string): Promise<string[]> => {
  const rows = await roster.database.query<{ type: string; kind: string | null }>(
    "SELECT type, data ->> 'kind' AS kind FROM user_events WHERE user_id = $1 ORDER BY user_version",
    [id],
  );
  return rows.map(({ type, kind }) => [type, kind].filter((part) => part !== null).join(' '));
};
const evidenceOf = async (id: string): Promise<string[]> => {
  const rows = await roster.database.query<{ type: string; method: string | null; reason: string | null }>(
    'SELECT type, method, reason FROM auth_events WHERE user_id = $1 ORDER BY last_at, id',
    [id],
  );
  return rows.map(({ type, method, reason }) => [type, method, reason].filter((part) => part !== null).join(' '));
};

describe('an authenticator app', () => {
  it('is asked for at the next sign-in, once its first code has confirmed it', async () => {
    const { id, token } = await roster.join('app@example.com');
    const { secret, uri, qr } = await begin(token);
    expect(uri).toBe(`otpauth://totp/Roster:app%40example.com?secret=${secret}&issuer=Roster`);
    expect(qr).toMatch(/^<svg /);
    await login('app@example.com').expect(200);
    await confirm(token, '000000').expect(403, /wrong-second-factor/);
    const confirmed = await confirm(token, await codeOf(secret)).expect(200);
    expect((confirmed.body as SetUp).recoveryCodes).toHaveLength(10);
    const factors = await get('/users/me/factors', token).expect(200);
    expect(factors.body).toEqual({
      items: [
        {
          ...{ id: 'totp', kind: 'totp', label: null, addedAt: expect.any(String), lastUsedAt: null },
          _links: { remove: { href: `/users/${id}/totp`, method: 'DELETE' } },
        },
      ],
      recoveryCodesLeft: 10,
    });

    const first = await login('app@example.com').expect(403);
    expect(first.headers['set-cookie']).toBeUndefined();
    expect(first.body).toMatchObject({
      code: 'second-factor-required',
      continueWith: { token: expect.any(String), methods: ['totp', 'recovery-code'], expiresIn: 300 },
    });
    const signedIn = await present(ticketOf(first), await freshCode(roster, secret, id)).expect(200);
    const { accessToken, deviceToken } = signedIn.body as { accessToken: string; deviceToken: string };
    expect(deviceToken).toEqual(expect.any(String));
    const session = await get('/auth/session', accessToken).expect(200);
    expect(session.body).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    expect(await eventsOf(id)).toContain('user.authenticator_added totp');
    expect((await evidenceOf(id)).slice(-2)).toEqual(['second_factor.required password', 'login.succeeded password']);
    expect(await mailText(roster.inbox.about('app@example.com', /was added/i))).toContain('Authenticator app');
  });

  it('takes no code twice, nor the one that confirmed it, nor one from before the last', async () => {
    await roomInStep(10);
    const { email, id, secret } = await withTotp('once@example.com');
    await present(ticketOf(await login(email)), await codeOf(secret)).expect(403, /wrong-second-factor/);
    await present(ticketOf(await login(email)), await codeOf(secret, 1)).expect(200);
    await present(ticketOf(await login(email)), await codeOf(secret, 1)).expect(403);
    await present(ticketOf(await login(email)), await codeOf(secret)).expect(403);
    await roster.database.query('UPDATE totp_credentials SET last_step = 0 WHERE user_id = $1', [id]);
    // Of a clock that is one step behind, and of one that is two.
    await present(ticketOf(await login(email)), await codeOf(secret, -2)).expect(403);
    const spaced = (await codeOf(secret, -1)).replace(/^.../, '$& ');
    await present(ticketOf(await login(email)), spaced).expect(200);
  });

  it('that was begun twice is the one that was begun last, and one that was not confirmed in time is none', async () => {
    const { id, token } = await roster.join('twice@example.com');
    const one = await begin(token);
    const other = await begin(token);
    await confirm(token, await codeOf(one.secret)).expect(403, /wrong-second-factor/);
    await roster.database.query('UPDATE totp_setups SET expires_at = now() WHERE user_id = $1', [id]);
    await confirm(token, await codeOf(other.secret)).expect(410, /totp-setup-expired/);
    await login('twice@example.com').expect(200);
    const last = await begin(token);
    await confirm(token, await codeOf(last.secret)).expect(200);
    await confirm(token, await codeOf(last.secret)).expect(410);
    await login('twice@example.com').expect(403);
  });

  it('can be replaced by another one, which keeps the recovery codes', async () => {
    const person = await withTotp('new-phone@example.com');
    const { email, id, secret } = person;
    const next = await addTotp(roster, await strongToken(person));
    expect(next.recoveryCodes).toEqual([]);
    await roster.database.query('UPDATE totp_credentials SET last_step = 0 WHERE user_id = $1', [id]);
    await present(ticketOf(await login(email)), await codeOf(secret)).expect(403);
    await present(ticketOf(await login(email)), await codeOf(next.secret)).expect(200);
  });

  it('that is removed takes the recovery codes with it, and is asked for no more', async () => {
    const person = await withTotp('removed@example.com');
    const { email, id } = person;
    const token = await strongToken(person);
    const waiting = ticketOf(await login(email));
    await roster.api.delete('/users/me/totp').set(as(token)).expect(204);
    await roster.api.delete('/users/me/totp').set(as(token)).expect(404);
    expect((await get('/users/me/factors', token).expect(200)).body).toEqual({ items: [], recoveryCodesLeft: 0 });
    await present(waiting, '123456').expect(410);
    await login(email).expect(200);
    expect((await eventsOf(id)).at(-1)).toBe('user.authenticator_removed totp');
    expect(await mailText(roster.inbox.about(email, /was removed/i))).toContain('Authenticator app');
    await post('/users/me/recovery-codes', token).expect(409, /no-second-factor/);
  });
});

describe('recovery codes', () => {
  it('work once each, in any spacing and case, and the owner is told', async () => {
    const person = await withTotp('codes@example.com');
    const [one = '', other = ''] = person.recoveryCodes;
    expect(new Set(person.recoveryCodes).size).toBe(10);
    for (const code of person.recoveryCodes) expect(code).toMatch(CODE);
    const signedIn = await signInWith(one.toUpperCase().replace('-', ' '), person);
    expect(signedIn.status).toBe(200);
    expect(await mailText(roster.inbox.about(person.email, /recovery code/i))).toContain('You have 9 unused ones left');
    expect((await signInWith(one, person)).status).toBe(403);
    const typed = other.replaceAll('-', '').replaceAll('0', 'O').replaceAll('1', 'l');
    expect((await signInWith(typed, person)).status).toBe(200);
    expect(await evidenceOf(person.id)).toContain('recovery_code.used recovery-code');
  });

  it('that are nearly used up are warned about, and the last one is not offered again', async () => {
    const person = await withTotp('few@example.com');
    await roster.database.query(
      `UPDATE recovery_codes SET used_at = now() WHERE user_id = $1 AND hash NOT IN
         (SELECT hash FROM recovery_codes WHERE user_id = $1 ORDER BY hash LIMIT 1)`,
      [person.id],
    );
    const outcomes: number[] = [];
    for (const code of person.recoveryCodes) {
      await roster.database.query('DELETE FROM lockouts WHERE user_id = $1', [person.id]);
      const { status } = await signInWith(code, person);
      outcomes.push(status);
      if (status === 200) break;
    }
    expect(outcomes.at(-1)).toBe(200);
    expect(await mailText(roster.inbox.about(person.email, /recovery code/i))).toContain('That was your last one');
    const { body } = await login(person.email).expect(403);
    expect((body as { continueWith: { methods: string[] } }).continueWith.methods).toEqual(['totp']);
  });

  it('are replaced all together, and those of others are nothing here', async () => {
    const person = await withTotp('replaced@example.com');
    const stranger = await withTotp('stranger@example.com');
    const { body } = await post('/users/me/recovery-codes', await strongToken(person)).expect(200);
    const [fresh = ''] = (body as SetUp).recoveryCodes;
    expect((await signInWith(person.recoveryCodes[0] ?? '', person)).status).toBe(403);
    expect((await signInWith(stranger.recoveryCodes[0] ?? '', person)).status).toBe(403);
    expect((await signInWith(fresh, person)).status).toBe(200);
    expect((await eventsOf(person.id)).at(-1)).toBe('user.authenticator_added recovery-codes');
    expect(await mailText(roster.inbox.about(person.email, /was added/i))).toMatch(/recovery codes/i);
  });
});

describe('an admin who removes the factors of somebody who lost them', () => {
  it('ends every session, and the owner is told', async () => {
    const { email, id, token } = await withTotp('lost@example.com');
    const manager = await roster.join('manager@example.com');
    await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    await roster.api.delete(`/users/${id}/factors`).set(as(manager.token)).expect(403);
    await roster.api.delete('/users/me/factors').set(as(token)).expect(403);
    await get('/users/me', token).expect(200);
    await roster.api.delete(`/users/${id}/factors`).set(as(admin)).expect(204);
    await get('/users/me', token).expect(401);
    await login(email).expect(200);
    expect((await eventsOf(id)).at(-1)).toBe('user.authenticator_removed totp');
    expect(await mailText(roster.inbox.about(email, /was removed/i))).toContain('An administrator has removed');
    // Nothing to remove is nothing to tell.
    await roster.api.delete(`/users/${id}/factors`).set(as(admin)).expect(204);
    expect((await eventsOf(id)).filter((type) => type.startsWith('user.authenticator_removed'))).toHaveLength(1);
  });

  it('by the app alone does the same', async () => {
    const { id, token } = await withTotp('lost-app@example.com');
    await roster.api.delete(`/users/${id}/totp`).set(as(admin)).expect(204);
    await get('/users/me', token).expect(401);
  });
});

describe('what is kept of second factors', () => {
  it('is in the export without secrets, and gone after an erasure', async () => {
    const person = await withTotp('export@example.com');
    const { id, secret, recoveryCodes } = person;
    const token = await strongToken(person);
    await login('export@example.com').expect(403);
    const { body } = await get(`/users/${id}/export`, token).expect(200);
    expect((body as { data: object }).data).toMatchObject({
      authenticatorApp: [{ lastUsedAt: expect.any(String) }],
      recoveryCodes: Array.from({ length: 10 }, () => ({ usedAt: null })),
      signInsInProgress: [
        { method: 'password', amr: ['pwd'] },
        { method: 'password', amr: ['pwd'] },
      ],
    });
    expect(JSON.stringify(body)).not.toContain(secret);
    for (const code of recoveryCodes) expect(JSON.stringify(body)).not.toContain(code);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    await post(`/users/${id}/erase`, admin).expect(204);
    const [left] = await roster.database.query<{ count: number }>(
      `SELECT (SELECT count(*) FROM totp_credentials WHERE user_id = $1) + (SELECT count(*) FROM recovery_codes WHERE user_id = $1)
         + (SELECT count(*) FROM sign_in_tickets WHERE user_id = $1) AS count`,
      [id],
    );
    expect(String(left!.count)).toBe('0');
  });

  it('is in no line of the log', async () => {
    const person = await withTotp('log@example.com');
    const ticket = ticketOf(await login(person.email));
    const code = await freshCode(roster, person.secret, person.id);
    await present(ticket, code).expect(200);
    await signInWith(person.recoveryCodes[0] ?? '', person);
    const lines = JSON.stringify(roster.logLines());
    for (const secret of [person.secret, ticket, ...person.recoveryCodes]) expect(lines).not.toContain(secret);
  });
});
