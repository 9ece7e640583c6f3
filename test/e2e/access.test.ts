import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
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
      'DELETE /clients/:id ADMIN',
      'DELETE /service-accounts/:id ADMIN',
      'DELETE /service-accounts/:id/keys/:keyId ADMIN',
      'DELETE /users/:id AUTHENTICATED',
      'DELETE /users/:id/contacts/:contactId AUTHENTICATED',
      'DELETE /users/:id/factors ADMIN',
      'DELETE /users/:id/grants/:clientId AUTHENTICATED',
      'DELETE /users/:id/identities/:identityId AUTHENTICATED',
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
      'GET /.well-known/oauth-authorization-server ANONYMOUS',
      'GET /.well-known/openid-configuration ANONYMOUS',
      'GET /account AUTHENTICATED',
      'GET /account/activity AUTHENTICATED',
      'GET /account/addresses AUTHENTICATED',
      'GET /account/applications AUTHENTICATED',
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
      'GET /auth/providers/:id/callback ANONYMOUS',
      'GET /auth/providers/:id/start ANONYMOUS',
      'GET /auth/reset-password ANONYMOUS',
      'GET /auth/restore-account ANONYMOUS',
      'GET /auth/revocations AUTHENTICATED',
      'GET /auth/session AUTHENTICATED',
      'GET /auth/sessions AUTHENTICATED',
      'GET /auth/unlock ANONYMOUS',
      'GET /auth/verify AUTHENTICATED',
      'GET /auth/verify-email ANONYMOUS',
      'GET /bulk-acts/:actId MANAGER',
      'GET /clients ADMIN',
      'GET /clients/:id ADMIN',
      'GET /clients/:id/events ADMIN',
      'GET /clients/:id/logouts ADMIN',
      'GET /console AUTHENTICATED',
      'GET /console/* AUTHENTICATED',
      'GET /console/assets/* ANONYMOUS',
      'GET /docs/events ANONYMOUS',
      'GET /docs/events.json ANONYMOUS',
      'GET /docs/events/schemas/:file ANONYMOUS',
      'GET /events ADMIN',
      'GET /forgot-password ANONYMOUS',
      'GET /forgot-password/sent ANONYMOUS',
      'GET /health/details ADMIN',
      'GET /health/live ANONYMOUS',
      'GET /health/ready ANONYMOUS',
      'GET /help MANAGER',
      'GET /mails MANAGER',
      'GET /metrics ADMIN',
      'GET /oauth2/authorize ANONYMOUS',
      'GET /oauth2/authorize/:uid ANONYMOUS',
      'GET /oauth2/device AUTHENTICATED',
      'GET /oauth2/interaction/:uid ANONYMOUS',
      'GET /oauth2/logout ANONYMOUS',
      'GET /oauth2/userinfo ANONYMOUS',
      'GET /relay ADMIN',
      'GET /relay/:sink/dead-letters ADMIN',
      'GET /service-accounts ADMIN',
      'GET /service-accounts/:id ADMIN',
      'GET /service-accounts/:id/keys ADMIN',
      'GET /sign-in ANONYMOUS',
      'GET /sign-in/complete ANONYMOUS',
      'GET /sign-in/link ANONYMOUS',
      'GET /sign-in/second-factor ANONYMOUS',
      'GET /sign-in/set-up ANONYMOUS',
      'GET /sign-up ANONYMOUS',
      'GET /sign-up/sent ANONYMOUS',
      'GET /user-imports/:importId ADMIN',
      'GET /user-imports/:importId/report ADMIN',
      'GET /users MANAGER',
      'GET /users/:id AUTHENTICATED',
      'GET /users/:id/contacts AUTHENTICATED',
      'GET /users/:id/contacts/:contactId AUTHENTICATED',
      'GET /users/:id/diff AUTHENTICATED',
      'GET /users/:id/export AUTHENTICATED',
      'GET /users/:id/factors AUTHENTICATED',
      'GET /users/:id/grants AUTHENTICATED',
      'GET /users/:id/history AUTHENTICATED',
      'GET /users/:id/identities AUTHENTICATED',
      'GET /users/:id/mails AUTHENTICATED',
      'GET /users/:id/methods AUTHENTICATED',
      'GET /users/:id/passkeys AUTHENTICATED',
      'GET /users/:id/remembered-devices AUTHENTICATED',
      'GET /users/:id/sessions AUTHENTICATED',
      'GET /users/:id/sign-ins AUTHENTICATED',
      'GET /users/export ADMIN',
      'GET /users/me AUTHENTICATED',
      'GET /webhooks ADMIN',
      'GET /webhooks/:id ADMIN',
      'GET /webhooks/:id/deliveries ADMIN',
      'GET /webhooks/:id/deliveries/:deliveryId ADMIN',
      'OPTIONS /.well-known/oauth-authorization-server ANONYMOUS',
      'OPTIONS /.well-known/openid-configuration ANONYMOUS',
      'OPTIONS /oauth2/device-authorization ANONYMOUS',
      'OPTIONS /oauth2/par ANONYMOUS',
      'OPTIONS /oauth2/revoke ANONYMOUS',
      'OPTIONS /oauth2/token ANONYMOUS',
      'OPTIONS /oauth2/userinfo ANONYMOUS',
      'PATCH /clients/:id ADMIN',
      'PATCH /service-accounts/:id ADMIN',
      'PATCH /users/:id AUTHENTICATED',
      'PATCH /users/:id/passkeys/:passkeyId AUTHENTICATED',
      'PATCH /users/me AUTHENTICATED',
      'PATCH /webhooks/:id ADMIN',
      'POST /account/applications/:clientId/disconnect AUTHENTICATED',
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
      'POST /account/identities/:identityId/remove AUTHENTICATED',
      'POST /account/identities/:provider/link AUTHENTICATED',
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
      'POST /auth/providers/:id/callback ANONYMOUS',
      'POST /auth/providers/:id/exchange ANONYMOUS',
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
      'POST /bulk-acts MANAGER',
      'POST /clients ADMIN',
      'POST /clients/:id/logouts/:logoutId/resend ADMIN',
      'POST /clients/:id/rotate-secret ADMIN',
      'POST /forgot-password ANONYMOUS',
      'POST /mails/:id/resend MANAGER',
      'POST /oauth2/authorize ANONYMOUS',
      'POST /oauth2/device AUTHENTICATED',
      'POST /oauth2/device-authorization ANONYMOUS',
      'POST /oauth2/device/confirm AUTHENTICATED',
      'POST /oauth2/interaction/:uid AUTHENTICATED',
      'POST /oauth2/logout ANONYMOUS',
      'POST /oauth2/logout/confirm ANONYMOUS',
      'POST /oauth2/par ANONYMOUS',
      'POST /oauth2/register ANONYMOUS',
      'POST /oauth2/revoke ANONYMOUS',
      'POST /oauth2/token ANONYMOUS',
      'POST /oauth2/userinfo ANONYMOUS',
      'POST /relay/:sink/dead-letters/resend ADMIN',
      'POST /service-accounts ADMIN',
      'POST /service-accounts/:id/keys ADMIN',
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
      'POST /users/:id/identities/:providerId/start AUTHENTICATED',
      'POST /users/:id/passkeys AUTHENTICATED',
      'POST /users/:id/passkeys/options AUTHENTICATED',
      'POST /users/:id/recovery-codes AUTHENTICATED',
      'POST /users/:id/reinstate MANAGER',
      'POST /users/:id/restore ADMIN',
      'POST /users/:id/suspend MANAGER',
      'POST /users/:id/totp AUTHENTICATED',
      'POST /users/:id/totp/confirm AUTHENTICATED',
      'POST /users/:id/unlock MANAGER',
      'POST /users/export ADMIN',
      'POST /users/import ADMIN',
      'POST /webhooks ADMIN',
      'POST /webhooks/:id/deliveries/:deliveryId/resend ADMIN',
      'POST /webhooks/:id/deliveries/resend ADMIN',
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
        ['kind', 'lastLoginAt', 'lastName', 'linkedinUrl', 'locale', 'lockedUntil', 'nickname', 'phone', 'pictureUrl'],
        ['professionalStatusChangedAt', 'role', 'status', 'updatedAt', 'username', 'version'],
      ),
    );
  });
});
