import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { Keyring } from '../../src/database/keyring.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const me = (token: string) => roster.api.get('/users/me').set(as(token));
const setRole = (token: string, id: string, role: string) =>
  roster.api.put(`/users/${id}/role`).set(as(token)).send({ role });

describe('every route', () => {
  it('declares its least role, as this table says', () => {
    const routes = declaredRoutes(roster.app.get(DiscoveryService, { strict: false }), new MetadataScanner());
    expect(routes.map(({ method, path, role }) => `${method} ${path} ${role}`).sort()).toEqual([
      'DELETE /auth/sessions AUTHENTICATED',
      'DELETE /auth/sessions/:sessionId AUTHENTICATED',
      'DELETE /users/:id AUTHENTICATED',
      'DELETE /users/:id/contacts/:contactId AUTHENTICATED',
      'DELETE /users/:id/factors ADMIN',
      'DELETE /users/:id/methods/:method AUTHENTICATED',
      'DELETE /users/:id/passkeys/:passkeyId AUTHENTICATED',
      'DELETE /users/:id/remembered-devices AUTHENTICATED',
      'DELETE /users/:id/remembered-devices/:deviceId AUTHENTICATED',
      'DELETE /users/:id/sessions AUTHENTICATED',
      'DELETE /users/:id/sessions/:sessionId AUTHENTICATED',
      'DELETE /users/:id/totp AUTHENTICATED',
      'DELETE /webhooks/:id ADMIN',
      'GET / ANONYMOUS',
      'GET /.well-known/jwks.json ANONYMOUS',
      'GET /account AUTHENTICATED',
      'GET /account/activity AUTHENTICATED',
      'GET /account/addresses AUTHENTICATED',
      'GET /account/authenticator AUTHENTICATED',
      'GET /account/confirm AUTHENTICATED',
      'GET /account/data AUTHENTICATED',
      'GET /account/deleted ANONYMOUS',
      'GET /account/devices AUTHENTICATED',
      'GET /account/export AUTHENTICATED',
      'GET /account/mails AUTHENTICATED',
      'GET /account/passkeys/:passkeyId AUTHENTICATED',
      'GET /account/password AUTHENTICATED',
      'GET /account/profile AUTHENTICATED',
      'GET /account/security AUTHENTICATED',
      'GET /assets/icon.svg ANONYMOUS',
      'GET /assets/pages.css ANONYMOUS',
      'GET /assets/pages.js ANONYMOUS',
      'GET /audit ADMIN',
      'GET /auth/accept-invitation ANONYMOUS',
      'GET /auth/confirm-contact ANONYMOUS',
      'GET /auth/confirm-email-change ANONYMOUS',
      'GET /auth/magic-link ANONYMOUS',
      'GET /auth/methods ANONYMOUS',
      'GET /auth/reset-password ANONYMOUS',
      'GET /auth/restore-account ANONYMOUS',
      'GET /auth/session AUTHENTICATED',
      'GET /auth/sessions AUTHENTICATED',
      'GET /auth/unlock ANONYMOUS',
      'GET /auth/verify-email ANONYMOUS',
      'GET /console AUTHENTICATED',
      'GET /console/* AUTHENTICATED',
      'GET /console/assets/* ANONYMOUS',
      'GET /docs/events ANONYMOUS',
      'GET /docs/events.json ANONYMOUS',
      'GET /docs/events/schemas/:file ANONYMOUS',
      'GET /events ADMIN',
      'GET /forgot-password ANONYMOUS',
      'GET /forgot-password/sent ANONYMOUS',
      'GET /health/live ANONYMOUS',
      'GET /health/ready ANONYMOUS',
      'GET /help MANAGER',
      'GET /metrics ADMIN',
      'GET /sign-in ANONYMOUS',
      'GET /sign-in/complete ANONYMOUS',
      'GET /sign-in/link ANONYMOUS',
      'GET /sign-in/second-factor ANONYMOUS',
      'GET /sign-in/set-up ANONYMOUS',
      'GET /sign-up ANONYMOUS',
      'GET /sign-up/sent ANONYMOUS',
      'GET /users MANAGER',
      'GET /users/:id AUTHENTICATED',
      'GET /users/:id/contacts AUTHENTICATED',
      'GET /users/:id/contacts/:contactId AUTHENTICATED',
      'GET /users/:id/diff AUTHENTICATED',
      'GET /users/:id/export AUTHENTICATED',
      'GET /users/:id/factors AUTHENTICATED',
      'GET /users/:id/history AUTHENTICATED',
      'GET /users/:id/mails AUTHENTICATED',
      'GET /users/:id/methods AUTHENTICATED',
      'GET /users/:id/passkeys AUTHENTICATED',
      'GET /users/:id/remembered-devices AUTHENTICATED',
      'GET /users/:id/sessions AUTHENTICATED',
      'GET /users/:id/sign-ins AUTHENTICATED',
      'GET /users/me AUTHENTICATED',
      'GET /webhooks ADMIN',
      'GET /webhooks/:id ADMIN',
      'GET /webhooks/:id/deliveries ADMIN',
      'PATCH /users/:id AUTHENTICATED',
      'PATCH /users/:id/passkeys/:passkeyId AUTHENTICATED',
      'PATCH /users/me AUTHENTICATED',
      'PATCH /webhooks/:id ADMIN',
      'POST /account/authenticator AUTHENTICATED',
      'POST /account/authenticator/confirm AUTHENTICATED',
      'POST /account/authenticator/remove AUTHENTICATED',
      'POST /account/confirm AUTHENTICATED',
      'POST /account/contacts AUTHENTICATED',
      'POST /account/contacts/:contactId/remove AUTHENTICATED',
      'POST /account/contacts/:contactId/resend AUTHENTICATED',
      'POST /account/delete AUTHENTICATED',
      'POST /account/devices/:sessionId/sign-out AUTHENTICATED',
      'POST /account/devices/remembered/:deviceId/forget AUTHENTICATED',
      'POST /account/devices/sign-out-others AUTHENTICATED',
      'POST /account/email AUTHENTICATED',
      'POST /account/methods/:method/remove AUTHENTICATED',
      'POST /account/passkeys AUTHENTICATED',
      'POST /account/passkeys/:passkeyId AUTHENTICATED',
      'POST /account/passkeys/:passkeyId/remove AUTHENTICATED',
      'POST /account/password AUTHENTICATED',
      'POST /account/password/link AUTHENTICATED',
      'POST /account/profile AUTHENTICATED',
      'POST /account/recovery-codes AUTHENTICATED',
      'POST /account/username AUTHENTICATED',
      'POST /auth/accept-invitation ANONYMOUS',
      'POST /auth/confirm-contact ANONYMOUS',
      'POST /auth/confirm-email-change ANONYMOUS',
      'POST /auth/introspect ADMIN',
      'POST /auth/login ANONYMOUS',
      'POST /auth/logout AUTHENTICATED',
      'POST /auth/magic-link ANONYMOUS',
      'POST /auth/magic-link/code ANONYMOUS',
      'POST /auth/magic-link/request ANONYMOUS',
      'POST /auth/passkey ANONYMOUS',
      'POST /auth/passkey/options ANONYMOUS',
      'POST /auth/refresh ANONYMOUS',
      'POST /auth/register ANONYMOUS',
      'POST /auth/request-password-reset ANONYMOUS',
      'POST /auth/resend-verification ANONYMOUS',
      'POST /auth/reset-password ANONYMOUS',
      'POST /auth/restore-account ANONYMOUS',
      'POST /auth/second-factor ANONYMOUS',
      'POST /auth/step-up AUTHENTICATED',
      'POST /auth/step-up/passkey-options AUTHENTICATED',
      'POST /auth/unlock ANONYMOUS',
      'POST /auth/verify-email ANONYMOUS',
      'POST /forgot-password ANONYMOUS',
      'POST /mails/:id/resend MANAGER',
      'POST /sign-in ANONYMOUS',
      'POST /sign-in/code ANONYMOUS',
      'POST /sign-in/link ANONYMOUS',
      'POST /sign-in/passkey ANONYMOUS',
      'POST /sign-in/second-factor ANONYMOUS',
      'POST /sign-in/set-up ANONYMOUS',
      'POST /sign-in/set-up/confirm ANONYMOUS',
      'POST /sign-in/with-link ANONYMOUS',
      'POST /sign-out ANONYMOUS',
      'POST /sign-up ANONYMOUS',
      'POST /sign-up/sent ANONYMOUS',
      'POST /users MANAGER',
      'POST /users/:id/contacts AUTHENTICATED',
      'POST /users/:id/contacts/:contactId/resend-confirmation AUTHENTICATED',
      'POST /users/:id/erase ADMIN',
      'POST /users/:id/passkeys AUTHENTICATED',
      'POST /users/:id/passkeys/options AUTHENTICATED',
      'POST /users/:id/recovery-codes AUTHENTICATED',
      'POST /users/:id/reinstate MANAGER',
      'POST /users/:id/restore ADMIN',
      'POST /users/:id/suspend MANAGER',
      'POST /users/:id/totp AUTHENTICATED',
      'POST /users/:id/totp/confirm AUTHENTICATED',
      'POST /users/:id/unlock MANAGER',
      'POST /webhooks ADMIN',
      'POST /webhooks/:id/deliveries/:deliveryId/resend ADMIN',
      'POST /webhooks/:id/rotate-secret ADMIN',
      'POST /webhooks/:id/test ADMIN',
      'PUT /users/:id AUTHENTICATED',
      'PUT /users/:id/email AUTHENTICATED',
      'PUT /users/:id/password AUTHENTICATED',
      'PUT /users/:id/professional-status MANAGER',
      'PUT /users/:id/role ADMIN',
      'PUT /users/:id/username AUTHENTICATED',
    ]);
  });
});

describe('roles', () => {
  it('let nobody in without a token, and each role as far as it goes', async () => {
    const user = await roster.join('user@example.com');
    const manager = await roster.join('manager@example.com');
    await setRole(admin, manager.id, 'MANAGER').expect(200);

    const denied = await roster.api.get('/users/me').expect(401);
    expect(denied.headers['www-authenticate']).toBe('Bearer');
    await roster.api.get('/users').expect(401);
    await roster.api.get('/users').set(as(user.token)).expect(403);
    await roster.api.get('/users').set(as(manager.token)).expect(200);
    await setRole(user.token, user.id, 'ADMIN').expect(403);
    await setRole(manager.token, manager.id, 'ADMIN').expect(403);
  });

  it('change at once, for tokens that were given out before', async () => {
    const { id, token } = await roster.join('promoted@example.com');
    await roster.api.get('/users').set(as(token)).expect(403);
    const changed = await setRole(admin, id, 'MANAGER').expect(200);
    expect(changed.body).toMatchObject({ id, role: 'MANAGER' });
    await roster.api.get('/users').set(as(token)).expect(200);
    await setRole(admin, id, 'AUTHENTICATED').expect(200);
    await roster.api.get('/users').set(as(token)).expect(403);
    const events = await roster.database.query(
      "SELECT data, actor FROM user_events WHERE user_id = $1 AND type = 'user.role_changed' ORDER BY user_version",
      [id],
    );
    expect(events).toMatchObject([
      { data: { from: 'AUTHENTICATED', to: 'MANAGER' }, actor: { kind: 'user', role: 'ADMIN' } },
      { data: { from: 'MANAGER', to: 'AUTHENTICATED' } },
    ]);
  });

  it('leave at least one admin, also when two demote each other at the same moment', async () => {
    const first = (await me(admin).expect(200)).body as { id: string };
    await setRole(admin, first.id, 'MANAGER').expect(409, /last-admin/);
    const second = await roster.join('second-admin@example.com');
    for (let round = 0; round < 5; round++) {
      await setRole(admin, second.id, 'ADMIN');
      const answers = await Promise.all([
        setRole(admin, second.id, 'MANAGER'),
        setRole(second.token, first.id, 'MANAGER'),
      ]);
      const [{ count } = { count: '' }] = await roster.database.query<{ count: string }>(
        "SELECT count(*) FROM users WHERE role = 'ADMIN'",
      );
      expect(count).toBe('1');
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      // Whoever is left puts things back.
      if (answers[1].status === 200) await setRole(second.token, first.id, 'ADMIN').expect(200);
    }
  });

  it('are refused for a role that does not exist, and for nobody', async () => {
    const { id } = await roster.join('third@example.com');
    for (const role of ['ANONYMOUS', 'ROOT', '', null, ['ADMIN'], 1]) {
      await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role }).expect(400);
    }
    await setRole(admin, '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', 'MANAGER').expect(404);
    await setRole(admin, 'not-an-id', 'MANAGER').expect(404);
  });
});

describe('the list of users', () => {
  it('shows the newest first, up to the limit, without registrations that wait', async () => {
    const { api } = roster;
    await api.post('/auth/register').send({ email: 'waiting@example.com', password: 'nine brown foxes at dawn' });
    const all = await api.get('/users').query({ limit: 100 }).set(as(admin)).expect(200);
    const emails = (all.body.items as { email: string }[]).map(({ email }) => email);
    expect(emails).not.toContain('waiting@example.com');
    expect(emails.at(-1)).toBe('admin@example.com');
    const one = await api.get('/users').query({ limit: 1 }).set(as(admin)).expect(200);
    expect(one.body).toMatchObject({ items: [{ email: emails[0] }], page: { limit: 1 } });
    for (const limit of ['0', '101', 'ten', '-1', '1.5', '']) {
      await api.get('/users').query({ limit }).set(as(admin)).expect(400);
    }
  });

  it('tells those who may not ask nothing of how to ask', async () => {
    const { id, token } = await roster.join('curious@example.com');
    // The first is checked by the DTO of the query, the second has none.
    for (const ask of [() => roster.api.get('/users'), () => roster.api.post(`/users/${id}/unlock`)]) {
      await ask().query({ nonsense: '1' }).expect(401);
      await ask().query({ nonsense: '1' }).set(as(token)).expect(403);
      await ask().query({ nonsense: '1' }).set(as(admin)).expect(400);
    }
  });

  it('never shows a hash, a token or a counter', async () => {
    const { body } = await roster.api.get('/users').set(as(admin)).expect(200);
    expect(Object.keys(body.items[0] as object).sort()).toEqual(
      ['_links', 'bio', 'createdAt', 'email', 'emailVerified', 'firstName', 'githubUrl', 'id', 'isProfessional'].concat(
        ['lastLoginAt', 'lastName', 'linkedinUrl', 'locale', 'lockedUntil', 'nickname', 'phone', 'pictureUrl'],
        ['professionalStatusChangedAt', 'role', 'status', 'updatedAt', 'username', 'version'],
      ),
    );
  });
});

describe('an access token', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  const keyring = () => roster.app.get(Keyring, { strict: false });
  const foreign = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  function withHmac(token: string): string {
    const { alg: _, ...header } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as {
      alg: string;
    };
    const body = `${encode({ ...header, alg: 'HS256' })}.${token.split('.')[1]!}`;
    const pem = createPublicKey(ownKey()).export({ format: 'pem', type: 'spki' });
    return `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`;
  }

  function withOwnJwk(token: string): string {
    const key = foreign();
    return forge(token, { kid: 'evil', jwk: createPublicKey(key).export({ format: 'jwk' }) }, {}, key);
  }

  function forge(
    token: string,
    header: object,
    claims: object,
    key = ownKey(),
    dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363',
  ): string {
    const [oldHeader = '', oldClaims = ''] = token.split('.');
    const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
    const body = `${encode({ ...parse(oldHeader), ...header })}.${encode({ ...parse(oldClaims), ...claims })}`;
    return `${body}.${sign('sha256', Buffer.from(body), { key, dsaEncoding }).toString('base64url')}`;
  }

  function ownKey() {
    const { secret } = keyring().current('access-token');
    return createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  }

  it('is good only as it was signed: algorithm, key, type, issuer, audience and time (RFC 8725)', async () => {
    const now = Math.floor(Date.now() / 1000);
    await me(forge(admin, {}, {})).expect(200);
    const [header = '', claims = ''] = admin.split('.');
    const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${claims}.`;
    const bad: [string, string][] = [
      ['alg none', unsigned],
      ['no signature', `${header}.${claims}.`],
      ['a foreign key', forge(admin, {}, {}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
      ['an unknown kid', forge(admin, { kid: 'ffffffffffffffff' }, {})],
      ['a kid that is a path', forge(admin, { kid: '../../dev/null' }, {})],
      ['another type', forge(admin, { typ: 'JWT' }, {})],
      ['HS256 in the header', forge(admin, { alg: 'HS256' }, {})],
      ['another issuer', forge(admin, {}, { iss: 'https://elsewhere.example' })],
      ['another audience', forge(admin, {}, { aud: 'https://elsewhere.example' })],
      ['expired', forge(admin, {}, { exp: now - 1 })],
      ['not yet', forge(admin, {}, { nbf: now + 60 })],
      ['another user', forge(admin, {}, { sub: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })],
      ['another session', forge(admin, {}, { sid: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })],
      ['a session that is none', forge(admin, {}, { sid: { $ne: null } })],
      ['HS256 with the public key', withHmac(admin)],
      ['a key of its own in the header', withOwnJwk(admin)],
      ['a key at an address', forge(admin, { jku: 'https://evil.example/jwks', kid: 'evil' }, {}, foreign())],
      ['a certificate at an address', forge(admin, { x5u: 'https://evil.example/x', kid: 'evil' }, {}, foreign())],
      ['no kid', forge(admin, { kid: undefined }, {})],
      ['a kid that is SQL', forge(admin, { kid: "' OR 1=1 --" }, {}, foreign())],
      ['a kid that is no text', forge(admin, { kid: ['x'] }, {})],
      ['the kid of a key for something else', forge(admin, { kid: keyring().current('refresh-token').id }, {})],
      ['no exp', forge(admin, {}, { exp: undefined })],
      ['no nbf', forge(admin, {}, { nbf: undefined })],
      ['no iss', forge(admin, {}, { iss: undefined })],
      ['no aud', forge(admin, {}, { aud: undefined })],
      ['an exp that is a text', forge(admin, {}, { exp: String(now + 900) })],
      ['no session', forge(admin, {}, { sid: undefined })],
      ['a signature in DER', forge(admin, {}, {}, ownKey(), 'der')],
      ['a part more', `${admin}.x`],
      ['the same with a byte of the signature changed', admin.replace(/.(?=.{10}$)/, (c) => (c === 'A' ? 'B' : 'A'))],
    ];
    for (const [what, token] of bad) {
      const { status, body } = await me(token);
      expect({ what, status, code: body.code }).toEqual({ what, status: 401, code: 'not-authenticated' });
    }
  });

  it('expires also where it was found good before', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const token = forge(admin, {}, { exp });
    await me(token).expect(200);
    await sleep(exp * 1000 - Date.now() + 1);
    await me(token).expect(401);
  });

  it('ends with its session, and with the suspension or deletion of its user, whoever wrote that to the database', async () => {
    const { id, token } = await roster.join('ended@example.com');
    const set = async (sql: string) => {
      await roster.database.query(`${sql} WHERE ${sql.includes('sessions') ? 'user_id' : 'id'} = $1`, [id]);
      // What another program has committed counts from here on.
      await sleep(101);
    };
    await me(token).expect(200);
    await set('UPDATE users SET suspended_at = now()');
    await me(token).expect(401);
    await set('UPDATE users SET suspended_at = NULL, deleted_at = now()');
    await me(token).expect(401);
    await set('UPDATE users SET deleted_at = NULL');
    await me(token).expect(200);
    await set('UPDATE sessions SET ended_at = now()');
    await me(token).expect(401);
  });
});
