import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clients } from '../../src/openid/clients/clients.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

interface Created {
  readonly clientId: string;
  readonly clientSecret: string;
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) => {
  const request = roster.api[method](`/clients${path}`).set(as(admin));
  return body ? request.send(body) : request;
};
const APP = { name: 'Grafana', redirectUris: ['https://grafana.example.com/login/generic_oauth'] };
const create = async (more: object = {}) => (await call('post', '', { ...APP, ...more }).expect(201)).body as Created;
const accepts = (clientId: string, secret: string) =>
  roster.app.get(Clients, { strict: false }).verifySecret(clientId, secret);
const isKnown = async (clientId: string) =>
  (await roster.app.get(Clients, { strict: false }).find(clientId)) !== undefined;

interface LogEntry {
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly actor: object;
  readonly traceId: string;
}
const logOf = async (clientId: string) =>
  ((await call('get', `/${clientId}/events`).expect(200)).body as { items: LogEntry[] }).items;

describe('A client', () => {
  it('is registered with a secret that is shown once and kept as an HMAC', async () => {
    const answer = await call('post', '', APP).expect(201);
    const { clientSecret, ...shown } = answer.body as Created;
    expect(answer.headers).toMatchObject({
      location: `/clients/${shown.clientId}`,
      etag: '"1"',
      'cache-control': 'no-store',
    });
    expect(clientSecret).toMatch(/^rcs_[A-Za-z0-9_-]{43}$/);
    expect(shown).toMatchObject({
      ...APP,
      postLogoutRedirectUris: [],
      backchannelLogoutUri: null,
      grantTypes: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'profile', 'email', 'phone', 'offline_access', 'roles'],
      ...{ public: false, firstParty: false, idTokenSignedResponseAlg: 'RS256', claimsInIdToken: false },
      ...{ previousSecretUntil: null, resources: [] },
    });
    expect((await call('get', `/${shown.clientId}`).expect(200)).body).toEqual(shown);
    const rows = await roster.database.query<{ row: string }>('SELECT client_secrets::text AS row FROM client_secrets');
    expect(rows.some(({ row }) => row.includes(clientSecret))).toBe(false);
    expect(JSON.stringify(roster.logLines())).not.toContain(clientSecret);
    expect(JSON.stringify(await logOf(shown.clientId))).not.toContain(clientSecret);
    expect(await accepts(shown.clientId, clientSecret)).toBe(true);
    expect(await accepts(shown.clientId, `${clientSecret}x`)).toBe(false);
    expect(await accepts((await create()).clientId, clientSecret)).toBe(false);
    expect(await accepts('grafana', clientSecret)).toBe(false);
  });

  it('has no secret if it is public', async () => {
    const created = await create({ public: true, redirectUris: ['com.example.app:/callback'] });
    expect(created).not.toHaveProperty('clientSecret');
    expect(created).not.toHaveProperty('_links.rotateSecret');
    expect(await accepts(created.clientId, '')).toBe(false);
    await call('post', `/${created.clientId}/rotate-secret`).expect(409, /client-has-no-secret/);
  });

  it('is for admins alone', async () => {
    const { clientId } = await create();
    const manager = await roster.join('manager@example.com');
    await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    for (const [method, path] of [
      ['get', ''],
      ['post', ''],
      ['get', `/${clientId}`],
      ['patch', `/${clientId}`],
      ['delete', `/${clientId}`],
      ['post', `/${clientId}/rotate-secret`],
      ['get', `/${clientId}/events`],
    ] as const) {
      await roster.api[method](`/clients${path}`)
        .set(as(manager.token))
        .expect(403, /forbidden/);
      await roster.api[method](`/clients${path}`).expect(401);
    }
  });

  it('is listed by page, the newest first', async () => {
    const ids = [];
    for (const name of ['One', 'Two', 'Three']) ids.unshift((await create({ name })).clientId);
    const first = await call('get', '?limit=2').expect(200);
    const { items, page } = first.body as { items: Created[]; page: { nextCursor: string } };
    const second = await call('get', `?limit=1&cursor=${page.nextCursor}`).expect(200);
    expect([...items, ...(second.body as { items: Created[] }).items].map(({ clientId }) => clientId)).toEqual(ids);
    expect(first.headers['link']).toContain('rel="next"');
    expect(JSON.stringify(first.body)).not.toContain('rcs_');
  });

  it('is changed in the given fields only, unless it has changed meanwhile', async () => {
    const { clientId } = await create();
    const changed = await call('patch', `/${clientId}`, { name: ' Dashboards ', scopes: ['openid'] })
      .set('if-match', '"1"')
      .expect(200);
    expect(changed.headers['etag']).toBe('"2"');
    expect(changed.body).toMatchObject({ ...APP, name: 'Dashboards', scopes: ['openid'] });
    for (const [method, path, body] of [
      ['patch', '', { name: 'Another' }],
      ['delete', '', undefined],
      ['post', '/rotate-secret', undefined],
    ] as const) {
      await call(method, `/${clientId}${path}`, body)
        .set('if-match', '"1"')
        .expect(412, /precondition-failed/);
    }
    await call('patch', `/${clientId}`, {}).expect(400, /nothing-to-update/);
    await call('patch', `/${clientId}`, { public: true }).expect(400, /is not a known field/);
    const same = await call('patch', `/${clientId}`, { name: 'Dashboards' }).expect(200);
    expect(same.headers['etag']).toBe('"2"');
  });

  it('is one when two requests with the same Idempotency-Key ask for it, and its secret is not repeated', async () => {
    const ask = (name: string) => call('post', '', { ...APP, name }).set('idempotency-key', 'once');
    const [one, other] = [await ask('Once').expect(201), await ask('Once').expect(201)];
    const { clientSecret, ...shown } = one.body as Created;
    expect(clientSecret).toBeDefined();
    expect(other.body).toEqual(shown);
    await ask('Twice').expect(422, /idempotency-key-reused/);
    const kept = await roster.database.query<{ row: string }>('SELECT r::text AS row FROM idempotent_requests AS r');
    expect(kept.some(({ row }) => row.includes(clientSecret))).toBe(false);
  });

  it('is deleted with its secrets, at once', async () => {
    const { clientId, clientSecret } = await create();
    expect(await isKnown(clientId)).toBe(true);
    await call('delete', `/${clientId}`).expect(204);
    expect(await isKnown(clientId)).toBe(false);
    expect(await accepts(clientId, clientSecret)).toBe(false);
    for (const [method, path] of [
      ['get', ''],
      ['delete', ''],
      ['post', '/rotate-secret'],
    ] as const) {
      await call(method, `/${clientId}${path}`).expect(404);
    }
  });
});

describe('The secret of a client', () => {
  it('is replaced, and accepted for a day more, which the answer says', async () => {
    const { clientId, clientSecret: first } = await create();
    const rotated = await call('post', `/${clientId}/rotate-secret`).expect(200);
    const { clientSecret: second, previousSecretUntil } = rotated.body as Created & { previousSecretUntil: string };
    expect(second).not.toBe(first);
    expect(Date.parse(previousSecretUntil) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(await accepts(clientId, first)).toBe(true);
    expect(await accepts(clientId, second)).toBe(true);
    await roster.database.query('UPDATE client_secrets SET expires_at = now() WHERE expires_at IS NOT NULL');
    expect(await accepts(clientId, first)).toBe(false);
    expect(await accepts(clientId, second)).toBe(true);
    expect((await call('get', `/${clientId}`).expect(200)).body).toMatchObject({ previousSecretUntil: null });
  });

  it('ends at once if that is asked for, as others may know it', async () => {
    const { clientId, clientSecret: first } = await create();
    const { body } = await call('post', `/${clientId}/rotate-secret`, { previousValidFor: 0 }).expect(200);
    const { clientSecret: second } = body as Created;
    expect(body).toMatchObject({ previousSecretUntil: null });
    expect([await accepts(clientId, first), await accepts(clientId, second)]).toEqual([false, true]);
    await call('post', `/${clientId}/rotate-secret`, { previousValidFor: -1 }).expect(400);
    await call('post', `/${clientId}/rotate-secret`, { previousValidFor: 604_801 }).expect(400);
  });

  it('is one of five at most', async () => {
    const { clientId, clientSecret } = await create();
    const secrets = [clientSecret];
    for (let n = 0; n < 5; n++) {
      secrets.push(((await call('post', `/${clientId}/rotate-secret`).expect(200)).body as Created).clientSecret);
    }
    const accepted = await Promise.all(secrets.map((secret) => accepts(clientId, secret)));
    expect(accepted).toEqual([false, true, true, true, true, true]);
  });
});

describe('The log of a client', () => {
  it('says who did what, with the trace id, also after the client was deleted', async () => {
    const { clientId } = await create();
    const { headers } = await call('patch', `/${clientId}`, { name: 'Dashboards', firstParty: true }).expect(200);
    await call('post', `/${clientId}/rotate-secret`).expect(200);
    await call('delete', `/${clientId}`).expect(204);
    const log = await logOf(clientId);
    expect(log.map(({ type }) => type)).toEqual([
      'client.deleted',
      'client.secret_rotated',
      'client.updated',
      'client.created',
    ]);
    const me = (await roster.api.get('/users/me').set(as(admin)).expect(200)).body as { id: string };
    for (const { actor } of log) expect(actor).toEqual({ kind: 'user', id: me.id, role: 'ADMIN' });
    expect(log[2]).toMatchObject({
      traceId: headers['x-trace-id'],
      data: { changes: { name: { from: 'Grafana', to: 'Dashboards' }, firstParty: { from: false, to: true } } },
    });
    expect(log[3]!.data).toMatchObject(APP);
    const { body } = await call('get', `/${clientId}/events?limit=1`).expect(200);
    const { nextCursor } = (body as { page: { nextCursor: string } }).page;
    const next = await call('get', `/${clientId}/events?limit=1&cursor=${nextCursor}`).expect(200);
    expect((next.body as { items: LogEntry[] }).items).toEqual([log[1]]);
    await call('get', '/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/events').expect(404);
  });

  it('is append-only', async () => {
    await create();
    await expect(roster.database.query('DELETE FROM client_events')).rejects.toThrow('append-only');
    await expect(roster.database.query("UPDATE client_events SET trace_id = ''")).rejects.toThrow('append-only');
  });
});

describe('What a client may not be', () => {
  const refused = async (body: object) => {
    const answer = await call('post', '', { ...APP, ...body }).expect(400);
    return (answer.body as { errors: { path: string; message: string }[] }).errors;
  };

  it('is said for each field', async () => {
    expect(
      await refused({
        redirectUris: ['https://app.example.com/cb', 'http://app.example.com/cb'],
        postLogoutRedirectUris: ['https://app.example.com/#out'],
        backchannelLogoutUri: 'https://169.254.169.254/latest',
        grantTypes: ['refresh_token'],
      }),
    ).toEqual([
      {
        path: 'redirectUris.1',
        message: 'must start with https://; http:// is for localhost, 127.0.0.1 and [::1] only',
      },
      { path: 'postLogoutRedirectUris.0', message: 'must not have a fragment (#)' },
      {
        path: 'grantTypes',
        message: 'must have authorization_code or device_code beside refresh_token: these issue refresh tokens',
      },
      {
        path: 'backchannelLogoutUri',
        message: '169.254.169.254 is not an allowed address for back-channel logout (link-local)',
      },
    ]);
  });

  it.each<[string, object]>([
    ['without a redirect URI for the code flow', { redirectUris: [] }],
    ['with an unknown grant type', { grantTypes: ['password'] }],
    ['with the implicit grant', { grantTypes: ['implicit'] }],
    ['with an unknown scope', { scopes: ['openid', 'admin'] }],
    ['public with client credentials', { public: true, grantTypes: ['client_credentials'] }],
    [
      'with more than 20 redirect URIs',
      { redirectUris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) },
    ],
    ['with the same redirect URI twice', { redirectUris: ['https://a.example/x', 'https://a.example/x'] }],
    ['with id_tokens without a signature', { idTokenSignedResponseAlg: 'none' }],
    ['with id_tokens signed by the secret', { idTokenSignedResponseAlg: 'HS256' }],
    ['with a service without https', { resources: ['http://billing.example.com'] }],
    ['with a service of a scheme of its own', { resources: ['com.example.app:/x'], public: true }],
    ['without a name', { name: ' ' }],
    ['with a name of two lines', { name: 'Grafana\nlogin' }],
    ['with a secret of its own', { clientSecret: 'secret' }],
    ['with a logout URI with a fragment', { backchannelLogoutUri: 'https://a.example/out#x' }],
  ])('is a client %s', async (_what, body) => {
    expect(await refused(body)).toHaveLength(1);
  });
});

describe('An admin whose sign-in is old', () => {
  it('changes no client before a step-up', async () => {
    const { clientId } = await create();
    const boss = await roster.join('boss@example.com');
    await roster.api.put(`/users/${boss.id}/role`).set(as(admin)).send({ role: 'ADMIN' }).expect(200);
    const token = await roster.signIn('boss@example.com', PASSWORD);
    await roster.database.query(
      "UPDATE sessions SET authenticated_at = now() - interval '1 day', created_at = now() - interval '1 day' WHERE user_id = $1",
      [boss.id],
    );
    const attempt = (method: 'post' | 'patch' | 'delete', path: string, body: object = {}) =>
      roster.api[method](`/clients${path}`)
        .set(as(token))
        .send(body)
        .expect(401, /step-up-required/);
    await attempt('post', '', APP);
    await attempt('patch', `/${clientId}`, { redirectUris: ['https://evil.example.com/'] });
    await attempt('post', `/${clientId}/rotate-secret`);
    await attempt('delete', `/${clientId}`);
  });
});
