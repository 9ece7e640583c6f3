import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp, ticketOf } from '../support/totp.js';

const WRONG = 'seven idle boats on slate water';
const ELSEWHERE = { 'x-forwarded-for': '203.0.113.9' };

interface Fact {
  readonly code: string;
  readonly at: string | null;
  readonly isReason: boolean;
  readonly text: string;
  readonly values: Record<string, unknown>;
}
interface Answer {
  readonly kind: string;
  readonly user?: { readonly id: string };
  readonly facts: Fact[];
  readonly actions: string[];
  readonly mails: { readonly id: string; readonly state: string }[];
  readonly _links: Record<string, unknown>;
}

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster({ TRUST_PROXY: '127.0.0.1' });
  admin = await roster.signIn();
  manager = await roster.join('manager@example.com');
  await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, password = PASSWORD, headers: Record<string, string> = {}) =>
  roster.api.post('/auth/login').set(headers).send({ identifier, password });
const register = (email: string, more: object = {}, headers: Record<string, string> = {}) =>
  roster.api
    .post('/auth/register')
    .set(headers)
    .send({ email, password: PASSWORD, ...more })
    .expect(202);

async function help(about: string, { token = admin, language = 'en', at = roster } = {}): Promise<Answer> {
  const { body } = await at.api
    .get('/help')
    .query({ about })
    .set(as(token))
    .set('accept-language', language)
    .expect(200);
  return body as Answer;
}
/** The only fact with this code. */
function the(code: string, { facts }: Answer): Fact {
  const found = facts.filter((fact) => fact.code === code);
  expect(found.map((fact) => fact.code)).toEqual([code]);
  return found[0]!;
}
const codes = ({ facts }: Answer) => facts.map(({ code }) => code);
const reasons = ({ facts }: Answer) => facts.filter(({ isReason }) => isReason).map(({ code }) => code);
const settled = (email: string) =>
  eventually(async () => {
    const rows = await roster.database.query(
      `SELECT FROM mails WHERE recipient = $1 AND state = 'queued' AND last_error IS NULL`,
      [email],
    );
    return rows.length === 0;
  });

describe('somebody who cannot sign in', () => {
  it('is locked, and help says until when, how often and from where, and that known devices are free', async () => {
    const { id } = await roster.join('locked@example.com');
    for (let time = 0; time < 4; time++) await login('locked@example.com', WRONG, ELSEWHERE).expect(401);
    const counted = await help('locked@example.com');
    expect(the('failures-counted', counted)).toMatchObject({
      isReason: false,
      values: { failures: 4, threshold: 5, from: ['203.0.113.9'] },
    });
    expect(counted.actions).toEqual([]);
    await login('locked@example.com', WRONG, ELSEWHERE).expect(401);

    await eventually(async () => codes(await help('locked@example.com')).includes('mail-sent'));
    await settled('locked@example.com');
    const answer = await help('LOCKED@example.com');
    expect(answer).toMatchObject({ kind: 'address', user: { id, status: 'LOCKED' }, actions: ['unlock'] });
    expect(reasons(answer)).toEqual(['locked']);
    expect(the('locked', answer).text).toMatch(/^Locked until .+ UTC, after 5 wrong attempts from 203\.0\.113\.9\.$/);
    expect(the('known-devices-free', answer).text).toContain('not affected');
    expect(the('sign-in-failed', answer).values).toMatchObject({ reason: 'wrong-proof', failures: 5 });
    const german = await help('locked@example.com', { language: 'de-AT' });
    expect(the('locked', german).text).toMatch(/^Gesperrt bis .+ UTC, nach 5 Fehlversuchen von 203\.0\.113\.9\.$/);

    const { body: local } = await roster.api
      .get('/help?about=locked@example.com&timeZone=Asia/Kathmandu')
      .set(as(admin))
      .expect(200);
    expect(the('locked', local as Answer).text).toMatch(/^Locked until .+ GMT\+5:45, after/);
    await roster.api.get('/help?about=x&timeZone=Mars/Olympus').set(as(admin)).expect(400);

    expect(answer._links).toEqual({ unlock: { href: `/users/${id}/unlock`, method: 'POST' } });
    await roster.api.post(`/users/${id}/unlock`).set(as(manager.token)).expect(200);
    await login('locked@example.com').expect(200);
    await settled('locked@example.com');
    expect(reasons(await help('locked@example.com'))).toEqual([]);
  });

  it('is suspended, and help says by whom, when and why', async () => {
    const { id } = await roster.join('suspended@example.com');
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({ reason: 'Sent spam.' }).expect(200);
    await login('suspended@example.com').expect(401);
    const answer = await help(id, { token: manager.token });
    expect(answer).toMatchObject({ kind: 'user', actions: ['reinstate'] });
    const { at, text } = the('suspended', answer);
    expect(text).toBe(
      'Suspended by admin@example.com: Sent spam. Sign-in is refused until a MANAGER or an ADMIN reinstates the account.',
    );
    expect(Date.parse(at!)).toBeLessThanOrEqual(Date.now());
    expect(the('sign-in-failed', answer).text).toContain('the account was suspended');
  });

  it('never confirmed the address, whose mail was sent, and there may be several of them', async () => {
    await register('pending@example.com', { username: 'pending-one' });
    await settled('pending@example.com');
    await login('pending@example.com').expect(403);
    const answer = await help('pending-one');
    expect(answer).toMatchObject({ kind: 'username', user: { status: 'PENDING' } });
    expect(reasons(answer)).toEqual(['never-confirmed']);
    expect(codes(answer)).toEqual(
      expect.arrayContaining(['link-good', 'mail-sent', 'never-signed-in', 'sign-in-failed']),
    );
    expect(answer.mails).toMatchObject([{ state: 'sent' }]);

    await register('pending@example.com');
    expect(the('newer-registration', await help('pending-one')).values).toMatchObject({ registrations: 2 });
    expect(the('registrations', await help('pending@example.com')).text).toContain('2 unconfirmed registrations');
    await roster.database.query(
      `UPDATE one_time_tokens SET expires_at = now() - interval '1 s' FROM users WHERE user_id = users.id AND username = 'pending-one'`,
    );
    expect(codes(await help('pending-one'))).toContain('link-over');
  });

  it('registered with an address that belongs to somebody', async () => {
    await roster.join('owner@example.com');
    await register('owner@example.com', { username: 'second-comer' });
    const answer = await help('second-comer');
    expect(reasons(answer)).toContain('address-taken');
    const owner = await help('owner@example.com');
    expect(owner.user).toMatchObject({ status: 'ACTIVE' });
    expect(the('registrations', owner).values).toMatchObject({ registrations: 1 });
  });

  it('is deleted, which only an admin is told, with the day of erasure and the way back', async () => {
    const { id, token } = await roster.join('gone@example.com');
    await roster.api.delete(`/users/${id}`).set(as(token)).expect(204);
    const answer = await help('gone@example.com');
    expect(answer).toMatchObject({ user: { status: 'DELETED' }, actions: ['restore'] });
    const { text, values } = the('deleted', answer);
    expect(text).toMatch(/^Deleted by the person, and erased on .+\. A sign-in sends the person a link/);
    expect(Date.parse(values['erasedOn'] as string)).toBeGreaterThan(Date.now());
    for (const about of ['gone@example.com', id]) {
      const hidden = await help(about, { token: manager.token });
      expect(hidden.user).toBeUndefined();
      expect(hidden.mails).toEqual([]);
      expect(hidden.facts.every(({ code }) => ['address-unknown', 'id-unknown'].includes(code))).toBe(true);
    }
  });

  it('was erased, after which the address is free and nothing is told by it', async () => {
    const { id } = await roster.join('erased@example.com');
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    expect(the('erased', await help(id)).text).toMatch(
      /^Erased by admin@example\.com: an administrator did it\. .*free again\.$/,
    );
    expect(reasons(await help('erased@example.com'))).toEqual(['address-unknown']);
    expect(codes(await help(id, { token: manager.token }))).toEqual(['id-unknown']);

    const before = await help('nobody@example.com');
    expect(before.facts).toMatchObject([
      { code: 'address-unknown', text: expect.stringContaining('Anybody can register') },
    ]);
    for (let time = 0; time < 5; time++) await login('nobody@example.com', WRONG).expect(401);
    expect(reasons(await help('nobody@example.com'))).toEqual(['address-unknown', 'registration-locked']);
  });

  it('was invited and has no password; or has no way to sign in at all', async () => {
    const create = (input: object) => roster.api.post('/users').set(as(admin)).send(input).expect(201);
    const { body: invited } = await create({ email: 'invited@example.com' });
    await roster.inbox.waitFor('invited@example.com');
    await settled('invited@example.com');
    expect(reasons(await help('invited@example.com'))).toEqual(['invitation-open']);
    await roster.database.query(`UPDATE one_time_tokens SET expires_at = now() - interval '1 s' WHERE user_id = $1`, [
      (invited as { id: string }).id,
    ]);
    expect(the('invitation-over', await help('invited@example.com')).text).toContain('Send the invitation again');
    const { body: named } = await create({ username: 'name-only' });
    expect(reasons(await help((named as { id: string }).id))).toEqual(['no-way-in']);
  });

  it('gave no second factor, or wrong ones until the second step was locked', async () => {
    const { token } = await roster.join('factor@example.com');
    await addTotp(roster, token);
    const present = (token: string) =>
      roster.api.post('/auth/second-factor').send({ token, method: 'totp', code: '000000' });
    const ticket = ticketOf(await login('factor@example.com'));
    const answer = await help('factor@example.com');
    expect(the('second-factor-pending', answer).text).toContain('succeeded once');
    expect(answer.actions).toEqual(['resetFactors']);
    await present(ticket);
    for (let time = 0; time < 4; time++) await present(ticketOf(await login('factor@example.com')));
    const locked = await help('factor@example.com');
    expect(the('second-step-locked', locked).values).toMatchObject({ failures: 5 });
    expect(locked.actions).toContain('unlock');
    expect((await help('factor@example.com', { token: manager.token })).actions).toEqual([]);
  });

  it('can sign in, and help says that nothing is in the way; with a phone number, too', async () => {
    const { id, token } = await roster.join('well@example.com');
    await roster.api.patch(`/users/${id}`).set(as(token)).send({ phone: '+442079460958' }).expect(200);
    const answer = await help('+44 (20) 7946-0958', { token: manager.token });
    expect(answer).toMatchObject({ kind: 'phone', user: { id }, actions: [] });
    expect(codes(answer).slice(0, 2)).toEqual(['nothing-in-the-way', 'signed-in']);
    expect(codes(await help('+4420794609'))).toEqual(['phone-unknown']);
    for (const value of ['well@work.example.com', '+436601234567']) {
      const kind = value.includes('@') ? 'email' : 'phone';
      await roster.api.post(`/users/${id}/contacts`).set(as(token)).send({ kind, value }).expect(201);
      expect(the('address-of-contact', await help(value)).text).toBe(
        'A further unconfirmed contact of well@example.com. Nobody can sign in with a contact.',
      );
    }
  });
});

describe('a mail that did not come', () => {
  it('was refused by the mail server, with its answer, and can be sent again', async () => {
    roster.inbox.refusals.set('bounce@example.com', 550);
    await register('bounce@example.com');
    await settled('bounce@example.com');
    const answer = await help('bounce@example.com', { token: manager.token });
    const failed = the('mail-failed', answer);
    expect(failed.text).toBe(
      'Confirmation of the address to bounce@example.com: not delivered after 1 attempt; the mail server refused it: 550 no such mailbox.',
    );
    expect(reasons(answer)).toEqual(['never-confirmed', 'mail-failed']);
    const mailId = failed.values['mailId'] as string;
    expect(answer.mails).toMatchObject([{ id: mailId, _links: { resend: { href: `/mails/${mailId}/resend` } } }]);

    for (const about of [mailId, `<${mailId}@localhost>`, `Message-ID: <${mailId}@localhost>`]) {
      const found = await help(about);
      expect(found).toMatchObject({ kind: 'mail', user: { email: 'bounce@example.com' }, mails: [{ id: mailId }] });
      expect(codes(found)).toEqual(['mail-failed']);
    }
    roster.inbox.refusals.delete('bounce@example.com');
    await roster.api.post(`/mails/${mailId}/resend`).set(as(manager.token)).expect(202);
    await roster.inbox.waitFor('bounce@example.com');
    await settled('bounce@example.com');
    expect(codes(await help('bounce@example.com'))).not.toContain('mail-failed');
  });

  it('waits, and help says why and until when', async () => {
    roster.inbox.refusals.set('greylisted@example.com', 451);
    await register('greylisted@example.com');
    await eventually(
      async () =>
        codes(await help('greylisted@example.com')).includes('mail-waiting') &&
        (the('mail-waiting', await help('greylisted@example.com')).values['attempts'] as number) > 0,
    );
    expect(the('mail-waiting', await help('greylisted@example.com')).text).toContain(
      ': still waiting after 1 attempt: 451 no such mailbox. The next attempt is due at ',
    );
    roster.inbox.refusals.delete('greylisted@example.com');
  });

  it('is not sent after so many for one address in a day', async () => {
    for (let time = 0; time < 11; time++) {
      await register('flooded@example.com', {}, { 'x-forwarded-for': `198.51.100.${time}` });
    }
    expect(the('mails-used-up', await help('flooded@example.com')).isReason).toBe(true);
  });

  it('has no id that anybody knows', async () => {
    expect(codes(await help('<019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071@localhost>'))).toEqual(['message-unknown']);
    expect(codes(await help('019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', { token: manager.token }))).toEqual(['id-unknown']);
  });
});

describe('a trace id', () => {
  it('leads to the changes, the mails and the refused sign-ins of its request', async () => {
    const { id } = await roster.join('traced@example.com');
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).set('x-request-id', 'Trace.1').send({}).expect(200);
    const answer = await help('Trace.1');
    expect(answer).toMatchObject({ kind: 'trace', user: { id } });
    expect(the('trace-change', answer).text).toBe('Suspended: traced@example.com by admin@example.com.');
    expect(answer.mails).toHaveLength(1);

    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await login('traced@example.com', PASSWORD, { traceparent: `00-${trace}-00f067aa0ba902b7-01` }).expect(401);
    for (const about of [trace, `traceparent: 00-${trace}-00f067aa0ba902b7-01`, trace.toUpperCase()]) {
      expect(the('trace-sign-in', await help(about, { token: manager.token })).text).toMatch(
        /^Sign-in refused: traced@example\.com, from .+ \(the account was suspended\)\.$/,
      );
    }
    expect(codes(await help('0'.repeat(32)))).toEqual(['trace-unknown']);
    expect(codes(await help('no-such-word'))).toEqual(['word-unknown']);
  });
});

describe('what a manager may not see', () => {
  it('are sign-ins, mails, history and reasons of colleagues, and refusals that concern nobody', async () => {
    const colleague = await roster.join('colleague@example.com');
    await roster.api.put(`/users/${colleague.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    await roster.api
      .post(`/users/${colleague.id}/suspend`)
      .set(as(admin))
      .set('x-request-id', 'Staff.1')
      .send({ reason: 'Secret.' })
      .expect(200);
    await login('colleague@example.com', WRONG, ELSEWHERE).expect(401);
    const answer = await help('colleague@example.com', { token: manager.token });
    expect(codes(answer)).toEqual(['suspended', 'staff-only', 'signed-in']);
    expect(the('suspended', answer)).toMatchObject({ at: null, values: { by: null, reason: null } });
    expect(answer).toMatchObject({ actions: [], mails: [] });
    expect(JSON.stringify(answer)).not.toMatch(/Secret|203\.0/);
    expect(codes(await help('Staff.1', { token: manager.token }))).toEqual(['word-unknown']);
    expect(codes(await help('Staff.1'))).toContain('trace-change');
    await login('nobody-at-all', WRONG, { 'x-request-id': 'Nobody.1' }).expect(401);
    expect(codes(await help('Nobody.1', { token: manager.token }))).toEqual(['word-unknown']);
    expect(codes(await help('Nobody.1'))).toEqual(['trace-sign-in']);
    const { token } = await roster.join('user@example.com');
    await roster.api.get('/help?about=x').set(as(token)).expect(403);
    await roster.api.get('/help').set(as(admin)).expect(400);
    await roster.api.get('/help?about=%00').set(as(admin)).expect(400);
  });
});

describe('rules of the server', () => {
  it('keep people out as well: limits by name and by client, and a second factor that the role takes', async () => {
    const strict = await startRoster(
      { RATE_LIMIT_ENABLED: 'true', REQUIRE_SECOND_FACTOR: 'MANAGER', LOCKOUT_THRESHOLD: '1000' },
      [],
      roster.database,
    );
    try {
      expect(reasons(await help('manager@example.com', { at: strict }))).toEqual(['second-factor-missing']);
      await roster.join('limited@example.com');
      const attempt = () => strict.api.post('/auth/login').send({ identifier: 'limited@example.com', password: WRONG });
      while ((await attempt()).status !== 429);
      const limited = await help('limited@example.com', { at: strict });
      expect(reasons(limited)).toEqual(['rate-limited']);
      expect(Date.parse(the('rate-limited', limited).values['until'] as string)).toBeGreaterThan(Date.now());
    } finally {
      await strict.app.close();
      await strict.inbox.down();
    }
  });
});
