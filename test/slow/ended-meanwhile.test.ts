import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator, type CreationOptions } from '../support/authenticator.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { tokenIn } from '../support/inbox.js';
import { inTurn } from '../support/meanwhile.js';
import { PageBrowser } from '../support/page-browser.js';
import { PasskeyUsers } from '../support/passkeys.js';
import { ProviderRound } from '../support/provider-round.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';
import { Visitor } from '../support/visitor.js';

const BASE = 'http://localhost:3000';
const NEXT = 'seven idle boats on slate water';

let roster: Roster;
let corp: IdentityProvider;
let passkeys: PasskeyUsers;
let admin: string;
beforeAll(async () => {
  corp = await IdentityProvider.start([`${BASE}/auth/providers/corp/callback`]);
  roster = await startRoster({
    PROVIDERS: 'corp',
    ...corp.settings('corp'),
    TRUSTED_EMAIL_PROVIDERS: 'corp',
    REQUIRE_SECOND_FACTOR: 'ADMIN',
  });
  passkeys = new PasskeyUsers(roster);
  admin = await adminWithFactor();
});
afterAll(async () => {
  await roster.stop();
  await corp.stop();
});

async function setupTokenOf(identifier: string, password: string): Promise<string> {
  const { body } = await roster.api.post('/auth/login').send({ identifier, password }).expect(403);
  return (body as { continueWith: { token: string } }).continueWith.token;
}

async function adminWithFactor(): Promise<string> {
  const token = await setupTokenOf('admin@example.com', 'correct horse battery staple');
  const credential = new Authenticator().create(await passkeys.optionsToAdd({ id: 'me', token }));
  const { body } = await passkeys.add({ id: 'me', token }, credential).expect(201);
  return (body as { accessToken: string }).accessToken;
}

const SESSIONS = 'SELECT FROM sessions WHERE user_id = $1 FOR UPDATE';
const rows = (table: string, id: string) => roster.database.query(`SELECT FROM ${table} WHERE user_id = $1`, [id]);

/** A reset of the password by a link, which is in the mail already. */
async function resetOf(email: string) {
  await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
  const token = tokenIn(await roster.inbox.about(email, /password/i));
  return () => roster.api.post('/auth/reset-password').send({ token, newPassword: NEXT });
}

describe('A session that a reset has ended leaves nothing behind that waited for the reset:', () => {
  it('no passkey', async () => {
    const { id, token } = await roster.join('passkey@example.com');
    const credential = new Authenticator().create(await passkeys.optionsToAdd({ id, token }));
    const reset = await resetOf('passkey@example.com');
    const [done, added] = await inTurn(roster.database, [SESSIONS, id], reset, () =>
      passkeys.add({ id, token }, credential),
    );
    expect([done.status, added.status]).toEqual([204, 401]);
    expect(await rows('passkeys', id)).toEqual([]);
    expect(await rows('recovery_codes', id)).toEqual([]);
  });

  it('no set-up of an authenticator app, whose secret its thief would know', async () => {
    const { id, token } = await roster.join('totp@example.com');
    const reset = await resetOf('totp@example.com');
    const begin = () => roster.api.post(`/users/${id}/totp`).set(as(token));
    const [done, begun] = await inTurn(roster.database, [SESSIONS, id], reset, begin);
    expect([done.status, begun.status]).toEqual([204, 401]);
    expect(await rows('totp_setups', id)).toEqual([]);
  });

  it('no passkey of somebody who had to set one up and was not signed in yet', async () => {
    const email = 'setup@example.com';
    const { id } = await roster.join(email);
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    const token = await setupTokenOf(email, PASSWORD);
    const { body } = await roster.api.post(`/users/${id}/passkeys/options`).set(as(token)).expect(200);
    const credential = new Authenticator().create(body as CreationOptions);
    const reset = await resetOf(email);
    const tickets = 'SELECT FROM sign_in_tickets WHERE user_id = $1 FOR UPDATE';
    const [done, added] = await inTurn(roster.database, [tickets, id], reset, () =>
      passkeys.add({ id, token }, credential),
    );
    expect([done.status, added.status]).toEqual([204, 410]);
    expect(added.body).toMatchObject({ code: 'sign-in-expired' });
    expect(await rows('passkeys', id)).toEqual([]);
  });
});

describe('Who comes back from a provider finds what was committed meanwhile:', () => {
  it('where the creator of an account links an identity, and the owner of its address proves that first', async () => {
    const email = 'owner@example.com';
    const created = await roster.api.post('/users').set(as(admin)).send({ email, password: PASSWORD }).expect(201);
    const { id } = created.body as { id: string };
    const creator = await Visitor.signedIn(roster, email);
    const cookie = [...creator.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const start = roster.api.post('/users/me/identities/corp/start').set({ origin: BASE, cookie });
    const asked = await start.expect(200);
    const [set = ''] = (asked.headers as { 'set-cookie'?: string[] })['set-cookie'] ?? [];
    creator.cookies.set('roster-provider', /^roster-provider=([^;]*)/.exec(set)?.[1] ?? '');
    corp.person = { sub: 'creator' };
    const back = await corp.authorize((asked.body as { authorizationUrl: string }).authorizationUrl);

    await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
    const token = tokenIn(await roster.inbox.about(email, /sign in/i));
    const [proved, linked] = await inTurn(
      roster.database,
      [SESSIONS, id],
      () => roster.api.post('/auth/magic-link').send({ token }),
      () => creator.open(back.pathname + back.search),
    );
    expect(proved.status).toBe(200);
    expect(linked.location).toContain('problem=expired');
    expect(await rows('identities', id)).toEqual([]);
  });

  it.each([
    ['a person', true, 'problem=refused'],
    ['a registration, which begins anew', false, '/sign-up/sent'],
  ])('the erasure of %s', async (_, isVerified, expected) => {
    const email = `${isVerified ? 'person' : 'registration'}@example.com`;
    const person = { sub: email, email, email_verified: isVerified };
    const round = new ProviderRound(roster, 'corp', corp);
    await round.signIn(person);
    const [user] = await roster.database.query<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    const { id } = user!;
    const browser = new PageBrowser(roster);
    const back = await round.leave(browser);
    const [erased, returned] = await inTurn(
      roster.database,
      ['SELECT FROM identities WHERE user_id = $1 FOR UPDATE', id],
      () => roster.api.post(`/users/${id}/erase`).set(as(admin)),
      () => browser.open(back),
    );
    expect(erased.status).toBe(204);
    expect([returned.status, returned.location]).toEqual([303, expect.stringContaining(expected)]);
  });
});
