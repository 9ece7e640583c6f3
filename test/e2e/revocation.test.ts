import { createPublicKey, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionUpkeep } from '../../src/auth/sessions/session-upkeep.js';
import { Keyring } from '../../src/database/keyring.js';
import type { Roster } from '../support/roster.js';
import { as, type SignedIn, TwoRosters } from '../support/two-rosters.js';

const SERVICE_TOKEN = 'for-tests-only.0123456789abcdefghij';

let two: TwoRosters;
let roster: Roster;
let other: Roster;
let admin: string;
beforeAll(async () => {
  two = await TwoRosters.start({ INTROSPECTION_TOKEN: SERVICE_TOKEN });
  ({ one: roster, other } = two);
  admin = await roster.signIn();
});
afterAll(() => two.stop());

const me: TwoRosters['me'] = (...values) => two.me(...values);
const refresh: TwoRosters['refresh'] = (...values) => two.refresh(...values);
const login: TwoRosters['login'] = (...values) => two.login(...values);
const join = (name: string) => two.join(name);
const next: TwoRosters['next'] = (...values) => two.next(...values);

describe('an end on one server', () => {
  // The other one has the state in its memory, and 100 ms.
  const acts: Record<string, (session: SignedIn) => Promise<unknown>> = {
    logout: (session) => roster.api.post('/auth/logout').set(as(session.accessToken)).expect(204),
    'the end of all others': async ({ user }) => {
      const { email } = (await roster.api.get(`/users/${user.id}`).set(as(admin)).expect(200)).body as {
        email: string;
      };
      const elsewhere = await login(email);
      await roster.api.delete('/auth/sessions').set(as(elsewhere.accessToken)).expect(204);
    },
    suspension: ({ user }) => roster.api.post(`/users/${user.id}/suspend`).set(as(admin)).expect(200),
    deletion: ({ user }) => roster.api.delete(`/users/${user.id}`).set(as(admin)).expect(204),
    erasure: ({ user }) => roster.api.post(`/users/${user.id}/erase`).set(as(admin)).expect(204),
  };
  it.each(Object.keys(acts))('by %s counts here at once, and there', async (name) => {
    const session = await join(`end-${name.replaceAll(' ', '-')}`);
    for (const at of [roster, other]) await me(session.accessToken, at).expect(200);
    await acts[name]!(session);
    await me(session.accessToken).expect(401);
    await refresh(session.refreshToken).expect(401);
    await sleep(101);
    await me(session.accessToken, other).expect(401);
    await refresh(session.refreshToken, other).expect(401);
  });

  it('is not undone by a reinstatement, and another role takes none', async () => {
    const session = await join('role');
    const users = (at: Roster) => at.api.get('/users').set(as(session.accessToken));
    const set = (role: string) =>
      roster.api.put(`/users/${session.user.id}/role`).set(as(admin)).send({ role }).expect(200);
    await users(other).expect(403);
    await set('MANAGER');
    await users(roster).expect(200);
    await sleep(101);
    await users(other).expect(200);
    await set('AUTHENTICATED');
    await users(roster).expect(403);
    await sleep(101);
    await users(other).expect(403);
    await roster.api.post(`/users/${session.user.id}/suspend`).set(as(admin)).expect(200);
    await roster.api.post(`/users/${session.user.id}/reinstate`).set(as(admin)).expect(200);
    await me(session.accessToken).expect(401);
    await refresh(session.refreshToken).expect(401);
  });
});

describe('the signing keys', () => {
  interface Jwk {
    readonly kid: string;
  }
  const jwks = async (at = roster) =>
    ((await at.api.get('/.well-known/jwks.json').expect(200)).body as { keys: Jwk[] }).keys;
  const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as Jwk).kid;

  it('are shown without what signs, and verify tokens', async () => {
    const response = await roster.api.get('/.well-known/jwks.json').expect(200);
    expect(response.headers['cache-control']).toBe('public, max-age=60');
    const [key] = response.body.keys as Jwk[];
    expect(Object.keys(key!).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const [header, claims, signature] = admin.split('.') as [string, string, string];
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    const good = verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    expect({ good, kid: kidOf(admin) }).toEqual({ good: true, kid: key!.kid });
  });

  it('are replaced without signing anybody out: tokens of the old and the new are good on every server at once', async () => {
    const before = await join('rotation');
    const keyring = roster.app.get(Keyring, { strict: false });
    const old = kidOf(before.accessToken);
    await me(before.accessToken, other).expect(200);
    const kid = await keyring.rotate('access-token');
    const after = await next(before);
    expect(kidOf(after.accessToken)).toBe(kid);
    for (const at of [other, roster]) {
      // Without any wait: a key that is not known yet is looked for.
      await me(after.accessToken, at).expect(200);
      await me(before.accessToken, at).expect(200);
      expect((await jwks(at)).map((key) => key.kid)).toEqual([old, kid]);
    }
    expect(kidOf((await next(after, other)).accessToken)).toBe(kid);
  });

  it('are replaced after 90 days, and destroyed when their last token has expired', async () => {
    const upkeep = roster.app.get(SessionUpkeep, { strict: false });
    const before = (await jwks()).map(({ kid }) => kid);
    await upkeep.sweep();
    expect((await jwks()).map(({ kid }) => kid)).toEqual(before);
    await roster.database.query(
      "UPDATE keys SET created_at = now() - interval '91 days' WHERE purpose = 'access-token' AND retired_at IS NULL",
    );
    await upkeep.sweep();
    const during = (await jwks()).map(({ kid }) => kid);
    expect(during).toEqual([...before, expect.any(String)]);
    await roster.database.query(
      "UPDATE keys SET retired_at = now() - interval '26 minutes' WHERE purpose = 'access-token' AND retired_at IS NOT NULL",
    );
    await upkeep.sweep();
    expect((await jwks()).map(({ kid }) => kid)).toEqual(during.slice(-1));
  });
});

describe('POST /auth/introspect', () => {
  const ask = (token: unknown) => roster.api.post('/auth/introspect').set(as(admin)).send({ token });

  it('says of a good token what it is, with the role of now (RFC 7662)', async () => {
    admin = await roster.signIn();
    const session = await join('introspect');
    const claims = JSON.parse(Buffer.from(session.accessToken.split('.')[1]!, 'base64url').toString()) as object;
    await roster.api.put(`/users/${session.user.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const { body, headers } = await ask(session.accessToken).expect(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toEqual({ active: true, token_type: 'Bearer', ...claims, role: 'MANAGER' });
    const form = await roster.api
      .post('/auth/introspect')
      .set(as(admin))
      .type('form')
      .send({ token: session.accessToken, token_type_hint: 'access_token' })
      .expect(200);
    expect(form.body).toEqual(body);
  });

  it('says only active: false of anything else', async () => {
    const session = await join('inactive');
    await roster.api.post('/auth/logout').set(as(session.accessToken)).expect(204);
    for (const token of [
      session.accessToken,
      session.refreshToken,
      'x',
      '',
      'a b',
      `${admin} `,
      '..',
      'x'.repeat(60_000),
    ]) {
      await ask(token).expect(200, { active: false });
    }
    await ask(undefined).expect(400);
    await ask([admin]).expect(400);
  });

  it('answers a service that has the token of the setting, and lets it in nowhere else', async () => {
    const session = await join('asked-by-service');
    const asService = (token: string) =>
      roster.api.post('/auth/introspect').set(as(token)).send({ token: session.accessToken });
    const { body } = await asService(SERVICE_TOKEN).expect(200);
    expect(body).toMatchObject({ active: true, sub: session.user.id });
    await asService(`${SERVICE_TOKEN}x`).expect(401);
    await asService(SERVICE_TOKEN.slice(0, -1)).expect(401);
    for (const path of ['/users', '/users/me', '/events'])
      await roster.api.get(path).set(as(SERVICE_TOKEN)).expect(401);
    // Where no token is set, nothing is one.
    await other.api.post('/auth/introspect').set(as('undefined')).send({ token: session.accessToken }).expect(401);
    await other.api.post('/auth/introspect').set(as(SERVICE_TOKEN)).send({ token: admin }).expect(401);
  });

  it('answers admins only', async () => {
    const { accessToken } = await join('curious');
    await roster.api.post('/auth/introspect').set(as(accessToken)).send({ token: admin }).expect(403);
    await roster.api.post('/auth/introspect').send({ token: admin }).expect(401);
  });
});
