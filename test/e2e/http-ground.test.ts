import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { tokenIn } from '../support/inbox.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('the trace id', () => {
  it('is taken from X-Request-Id, and stands in the answer, the log, the events, the mail and its header', async () => {
    const traceId = 'order-4711_a.b';
    const response = await roster.api
      .post('/auth/register')
      .set('x-request-id', traceId)
      .send({ email: 'trace@example.com', password: PASSWORD })
      .expect(202);
    expect(response.headers['x-trace-id']).toBe(traceId);
    const mail = await roster.inbox.waitFor('trace@example.com');
    expect(mail.raw).toMatch(/^X-Trace-Id: order-4711_a\.b\r?$/im);
    const events = await roster.database.query<{ trace_id: string }>(
      "SELECT trace_id FROM user_events WHERE user_id = (SELECT id FROM users WHERE email = 'trace@example.com')",
    );
    expect(events.map((event) => event.trace_id)).toEqual([traceId, traceId]);
    const messages = () => roster.logLines().flatMap((line) => (line['traceId'] === traceId ? [line['msg']] : []));
    for (let tries = 0; tries < 50 && !messages().includes('mail sent'); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(messages()).toEqual(['request started', 'request completed', 'mail sent']);
  });

  it('is taken from traceparent, and made where there is none or one that could harm a log', async () => {
    const get = (headers: Record<string, string>) => roster.api.get('/health/live').set(headers);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect((await get({ traceparent })).headers['x-trace-id']).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    for (const bad of ['a b', '<script>', 'x'.repeat(129), '{"a":1}']) {
      expect((await get({ 'x-request-id': bad })).headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
    }
  });
});

describe('the API document', () => {
  it('describes every route, its problems and how to authorize, and its page works from our own origin', async () => {
    const { body } = await roster.api.get('/docs-json').expect(200);
    expect(body.openapi).toMatch(/^3\./);
    expect(Object.keys(body.paths as object).sort()).toEqual([
      '/',
      '/.well-known/jwks.json',
      '/audit',
      '/auth/accept-invitation',
      '/auth/confirm-contact',
      '/auth/confirm-email-change',
      '/auth/introspect',
      '/auth/login',
      '/auth/logout',
      '/auth/magic-link',
      '/auth/magic-link/code',
      '/auth/magic-link/request',
      '/auth/methods',
      '/auth/passkey',
      '/auth/passkey/options',
      '/auth/providers/{id}/callback',
      '/auth/providers/{id}/exchange',
      '/auth/providers/{id}/start',
      '/auth/refresh',
      '/auth/register',
      '/auth/request-password-reset',
      '/auth/resend-verification',
      '/auth/reset-password',
      '/auth/restore-account',
      '/auth/revocations',
      '/auth/second-factor',
      '/auth/session',
      '/auth/sessions',
      '/auth/sessions/{sessionId}',
      '/auth/step-up',
      '/auth/step-up/passkey-options',
      '/auth/unlock',
      '/auth/verify',
      '/auth/verify-email',
      '/bulk-acts',
      '/bulk-acts/{actId}',
      '/clients',
      '/clients/{id}',
      '/clients/{id}/events',
      '/clients/{id}/logouts',
      '/clients/{id}/logouts/{logoutId}/resend',
      '/clients/{id}/rotate-secret',
      '/docs',
      '/docs-json',
      '/docs/events',
      '/docs/events.json',
      '/docs/events/schemas/{file}',
      '/events',
      '/health/details',
      '/health/live',
      '/health/ready',
      '/help',
      '/mails',
      '/mails/{id}/resend',
      '/metrics',
      '/redoc',
      '/relay',
      '/relay/{sink}/dead-letters',
      '/relay/{sink}/dead-letters/resend',
      '/service-accounts',
      '/service-accounts/{id}',
      '/service-accounts/{id}/keys',
      '/service-accounts/{id}/keys/{keyId}',
      '/user-imports/{importId}',
      '/user-imports/{importId}/report',
      '/users',
      '/users/export',
      '/users/import',
      '/users/me',
      '/users/{id}',
      '/users/{id}/contacts',
      '/users/{id}/contacts/{contactId}',
      '/users/{id}/contacts/{contactId}/resend-confirmation',
      '/users/{id}/diff',
      '/users/{id}/email',
      '/users/{id}/erase',
      '/users/{id}/export',
      '/users/{id}/factors',
      '/users/{id}/grants',
      '/users/{id}/grants/{clientId}',
      '/users/{id}/history',
      '/users/{id}/identities',
      '/users/{id}/identities/{identityId}',
      '/users/{id}/identities/{providerId}/start',
      '/users/{id}/mails',
      '/users/{id}/methods',
      '/users/{id}/methods/{method}',
      '/users/{id}/passkeys',
      '/users/{id}/passkeys/options',
      '/users/{id}/passkeys/{passkeyId}',
      '/users/{id}/password',
      '/users/{id}/professional-status',
      '/users/{id}/recovery-codes',
      '/users/{id}/reinstate',
      '/users/{id}/remembered-devices',
      '/users/{id}/remembered-devices/{deviceId}',
      '/users/{id}/restore',
      '/users/{id}/role',
      '/users/{id}/sessions',
      '/users/{id}/sessions/{sessionId}',
      '/users/{id}/sign-ins',
      '/users/{id}/suspend',
      '/users/{id}/totp',
      '/users/{id}/totp/confirm',
      '/users/{id}/unlock',
      '/users/{id}/username',
      '/webhooks',
      '/webhooks/{id}',
      '/webhooks/{id}/deliveries',
      '/webhooks/{id}/deliveries/resend',
      '/webhooks/{id}/deliveries/{deliveryId}',
      '/webhooks/{id}/deliveries/{deliveryId}/resend',
      '/webhooks/{id}/rotate-secret',
      '/webhooks/{id}/test',
    ]);
    expect(body.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
    expect(body.paths['/users/me'].get).toMatchObject({ security: [{ bearer: [] }, { session: [] }] });
    expect(body.paths['/auth/register'].post.responses).toMatchObject({ 202: {}, 400: {}, 409: {} });
    const page = await roster.api.get('/docs').expect(200);
    expect(page.text).toContain('Roster API');
    expect(page.text).not.toMatch(/https?:\/\/(?!localhost)[^"']*\.(js|css)/);
  });
});

describe('DOCS_ENABLED=false', () => {
  it('switches the description of the API off, with all that belongs to it, and nothing else', async () => {
    const quiet = await startRoster({ DOCS_ENABLED: 'false' });
    try {
      for (const path of ['/docs', '/docs/', '/docs-json', '/docs/swagger-ui-init.js', '/redoc', '/docs/redoc.js']) {
        await quiet.api.get(path).expect(404);
      }
      // What `dataschema` of an event names.
      await quiet.api.get('/docs/events/schemas/user.created.v1.json').expect(200);
      await quiet.api.get('/health/live').expect(200);
    } finally {
      await quiet.stop();
    }
  });
});

describe('health', () => {
  it('tells liveness and readiness, each part by name', async () => {
    await roster.api.get('/health/live').expect(200, { status: 'up' });
    const { body } = await roster.api.get('/health/ready').expect(200);
    expect(body).toEqual({
      status: 'up',
      checks: {
        ...{ database: 'up', migrations: 'up', keys: 'up', secretKey: 'up' },
        ...{ events: 'up', mail: 'up', webhooks: 'up' },
      },
      figures: expect.objectContaining({
        eventsWaiting: expect.any(Number),
        webhooksWaiting: 0,
        webhooksLagEvents: expect.any(Number),
      }),
    });
  });

  it('is degraded, and serves on, while mail is down; and down while a migration is missing', async () => {
    await roster.inbox.down();
    const degraded = await roster.api.get('/health/ready').expect(200);
    expect(degraded.body).toMatchObject({ status: 'degraded', checks: { mail: 'down', database: 'up' } });
    await roster.inbox.up();
    await roster.database.query('ALTER TABLE migrations RENAME TO gone');
    const down = await roster.api.get('/health/ready').expect(503);
    expect(down.body).toMatchObject({ status: 'down', checks: { migrations: 'down', database: 'up' } });
    await roster.database.query('ALTER TABLE gone RENAME TO migrations');
    await roster.api.get('/health/ready').expect(200);
  });
});

describe('what leaves the process', () => {
  it('carries the headers of helmet, whatever becomes of the request', async () => {
    const expected = {
      'content-security-policy':
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';" +
        "img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' 'unsafe-inline'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'origin-agent-cluster': '?1',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-dns-prefetch-control': 'off',
      'x-download-options': 'noopen',
      'x-frame-options': 'SAMEORIGIN',
      'x-permitted-cross-domain-policies': 'none',
      'x-xss-protection': '0',
    };
    const answers = [
      roster.api.get('/health/live').expect(200),
      roster.api.get('/docs').expect(200),
      roster.api.get('/nowhere').expect(404),
      roster.api.delete('/health/live').expect(405),
      roster.api.get('/users/me').expect(401),
      roster.api.post('/auth/login').set('content-type', 'application/json').send('{').expect(400),
    ];
    for (const { headers } of await Promise.all(answers)) expect(headers).toMatchObject(expected);
  });

  it('tells nothing that it need not, and pages with a token are kept by nobody', async () => {
    const api = await roster.api.get('/health/live');
    expect(api.headers).not.toHaveProperty('x-powered-by');
    expect(api.headers).not.toHaveProperty('access-control-allow-origin');
    const page = await roster.api.get('/auth/verify-email?token=x').set('accept', 'text/html').expect(410);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'self'/);
    expect(page.headers['content-security-policy']).not.toContain('unsafe-inline');
    expect(page.text).not.toMatch(/<script(?! type="module" src="\/assets\/pages\.js"><\/script>)|style=|https?:\/\//);
  });

  it('never names a password or a token in the log, in evidence, in subjects of mails or in errors', async () => {
    const password = 'canary down in the mine';
    await roster.api.post('/auth/register').send({ email: 'canary@example.com', password }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor('canary@example.com'));
    await roster.api.get('/auth/verify-email').query({ token }).expect(200);
    await roster.api.get(`/nowhere?token=${token}`).expect(404);
    await roster.api.post('/auth/verify-email').send({ token }).expect(200);
    const signedIn = await roster.api
      .post('/auth/login')
      .send({ identifier: 'canary@example.com', password, deviceToken: 'planted.device.token' })
      .expect(200);
    const { accessToken, deviceToken } = signedIn.body as { accessToken: string; deviceToken: string };
    await roster.api.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(200);
    const answers: string[] = [];
    for (let time = 0; time < 6; time++) {
      const refused = await roster.api
        .post('/auth/login')
        .set('cookie', `roster-device=${deviceToken}.planted`)
        .send({ identifier: 'canary@example.com', password: `${password}!` })
        .expect(401);
      answers.push(refused.text);
    }
    const lockMail = await roster.inbox.waitFor('canary@example.com', 2);
    const unlock = tokenIn(lockMail);
    await roster.api.get('/auth/unlock').query({ token: unlock }).expect(200);
    answers.push(
      (
        await roster.api
          .post('/auth/unlock')
          .send({ token: `${unlock}x` })
          .expect(410)
      ).text,
    );
    await roster.api.post('/auth/unlock').send({ token: unlock }).expect(200);

    const log = JSON.stringify(roster.logLines());
    const kept = JSON.stringify([
      await roster.database.query('SELECT * FROM user_events'),
      await roster.database.query('SELECT * FROM auth_events'),
      await roster.database.query('SELECT data FROM mails'),
      roster.inbox.mails.map(({ email }) => email.subject),
      answers,
    ]);
    const secrets = [password, token, token.split('.')[1]!, accessToken, ADMIN.password];
    for (const secret of [...secrets, deviceToken, 'planted', unlock, unlock.split('.')[1]!]) {
      expect(log).not.toContain(secret);
      expect(kept).not.toContain(secret);
    }
    expect(log).not.toContain('canary@example.com');
  });
});
