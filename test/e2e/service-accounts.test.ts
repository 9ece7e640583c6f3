import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { newKey } from '../../src/service-accounts/key-format.js';
import { eventually } from '../support/eventually.js';
import type { Roster } from '../support/roster.js';
import { as, TwoRosters } from '../support/two-rosters.js';

const TRUSTED_PROXY = { TRUST_PROXY: 'loopback' };

let two: TwoRosters;
let roster: Roster;
let admin: string;
beforeAll(async () => {
  two = await TwoRosters.start(TRUSTED_PROXY);
  roster = two.one;
  admin = await roster.signIn();
});
afterAll(() => two.stop());

interface Account {
  readonly id: string;
  readonly scopes: string[];
}
interface MadeKey {
  readonly id: string;
  readonly key: string;
  readonly prefix: string;
}

async function account(role = 'MANAGER', scopes?: string[]): Promise<Account> {
  const response = await roster.api
    .post('/service-accounts')
    .set(as(admin))
    .send({ name: 'Billing', role, ...(scopes && { scopes }) })
    .expect(201);
  return response.body as Account;
}
async function keyOf({ id }: Account, more: object = {}): Promise<MadeKey> {
  const response = await roster.api
    .post(`/service-accounts/${id}/keys`)
    .set(as(admin))
    .send({ name: 'CI', ...more })
    .expect(201);
  return response.body as MadeKey;
}
const me = (key: string, at = roster) => at.api.get('/users/me').set(as(key));

describe('a service account', () => {
  it('acts with its key as its role and its scopes allow', async () => {
    const made = await account('MANAGER', ['users:read', 'events:read']);
    const { key } = await keyOf(made);
    const user = { id: made.id, kind: 'SERVICE', email: null, nickname: 'Billing', role: 'MANAGER' };
    expect((await me(key).expect(200)).body).toMatchObject(user);
    await roster.api.get('/users').set(as(key)).expect(200);
    // Of the scope, and not of the role.
    await roster.api.get('/events').set(as(key)).expect(403);
    // Of the role, and not of the scope.
    const refused = await roster.api.post('/users').set(as(key)).send({ nickname: 'New' }).expect(403);
    expect(refused.body).toMatchObject({ code: 'insufficient-scope', detail: expect.stringContaining('users:write') });
    expect(refused.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="users:write"');
  });

  it('has every scope unless some were named', async () => {
    const { id, scopes } = await account();
    expect(scopes).toEqual(['users:read', 'users:write', 'events:read', 'introspect', 'verify', 'revocations:read']);
    const { key } = await keyOf({ id, scopes });
    const created = await roster.api.post('/users').set(as(key)).send({ nickname: 'New' }).expect(201);
    const history = await roster.api
      .get(`/users/${(created.body as Account).id}/history`)
      .set(as(admin))
      .expect(200);
    expect(history.body).toMatchObject({ items: [{ actor: { kind: 'user', id, role: 'MANAGER', name: 'Billing' } }] });
  });

  it('may do nothing on routes for people, or that take a fresh proof', async () => {
    const made = await account('ADMIN');
    const { key } = await keyOf(made);
    for (const [method, path] of [
      ['get', '/users/me/sessions'],
      ['get', '/users/me/factors'],
      ['get', '/webhooks'],
      ['post', '/service-accounts'],
      ['post', `/service-accounts/${made.id}/keys`],
      ['put', `/users/${made.id}/role`],
    ] as const) {
      await roster.api[method](path).set(as(key)).send({}).expect(403);
    }
  });

  it('introspects tokens whatever its role, if it has the scope', async () => {
    const introspect = (key: string) => roster.api.post('/auth/introspect').set(as(key)).send({ token: admin });
    const { key } = await keyOf(await account('AUTHENTICATED', ['introspect']));
    expect((await introspect(key).expect(200)).body).toMatchObject({ active: true, role: 'ADMIN' });
    const other = await keyOf(await account('ADMIN', ['users:read']));
    await introspect(other.key).expect(403);
  });
});

describe('a key', () => {
  it('is told apart when it is cut, unknown, expired, or retired', async () => {
    const made = await account();
    const { id, key, prefix } = await keyOf(made);
    expect(key).toMatch(new RegExp(`^${prefix}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$`));
    const refusal = async (given: string) => {
      const { body, headers } = await me(given).expect(401);
      expect(headers['www-authenticate']).toBe('Bearer');
      return (body as { detail: string }).detail;
    };
    expect(await refusal(key.slice(0, -1))).toMatch(/not a whole key/);
    expect(await refusal(newKey(uuid()))).toMatch(/no such key/);
    // Another secret under an id that exists, with the state of the genuine one in memory and without.
    expect(await refusal(newKey(id))).toMatch(/no such key/);
    await me(key).expect(200);
    expect(await refusal(newKey(id))).toMatch(/no such key/);

    const soon = await keyOf(made, { expiresAt: new Date(Date.now() + 60_000).toISOString() });
    await me(soon.key).expect(200);
    await roster.database.query('UPDATE service_keys SET expires_at = now() WHERE id = $1', [soon.id]);
    expect((await me(soon.key, two.other).expect(401)).body).toMatchObject({
      detail: expect.stringMatching(/expired at/),
    });
    await roster.api.delete(`/service-accounts/${made.id}/keys/${id}`).set(as(admin)).expect(204);
    expect(await refusal(key)).toMatch(/was retired at/);
    expect(await refusal(newKey(id))).toMatch(/no such key/);
  });

  it('expires on every server that has it in its memory', async () => {
    const { id } = await account();
    const expiresAt = new Date(Date.now() + 1500);
    const { key } = await keyOf({ id, scopes: [] }, { expiresAt: expiresAt.toISOString() });
    for (const at of [roster, two.other]) await me(key, at).expect(200);
    await sleep(expiresAt.getTime() - Date.now() + 50);
    for (const at of [roster, two.other]) await me(key, at).expect(401);
  });

  it('lives beside another one, so that it can be replaced without a gap', async () => {
    const made = await account();
    const [old, next] = [await keyOf(made, { name: 'old' }), await keyOf(made, { name: 'next' })];
    await Promise.all([me(old.key).expect(200), me(next.key).expect(200)]);
    await roster.api.delete(`/service-accounts/${made.id}/keys/${old.id}`).set(as(admin)).expect(204);
    await me(old.key).expect(401);
    await me(next.key).expect(200);
    const held = async () =>
      (await roster.api.get(`/service-accounts/${made.id}/keys`).set(as(admin)).expect(200)).body as {
        items: object[];
      };
    await eventually(async () => JSON.stringify(await held()).includes('127.0.0.1'));
    expect((await held()).items).toEqual([
      expect.objectContaining({ name: 'next', prefix: next.prefix, lastUsedAt: expect.any(String) }),
    ]);
    await roster.api.delete(`/service-accounts/${made.id}/keys/${old.id}`).set(as(admin)).expect(404);
  });

  it('is refused from a foreign network, as TRUST_PROXY has the client', async () => {
    const { key } = await keyOf(await account(), { networks: ['10.1.0.0/16', '2001:db8::/32', '192.0.2.7'] });
    const from = (ip: string) => me(key).set('x-forwarded-for', ip);
    for (const ip of ['10.1.2.3', '2001:db8::1', '192.0.2.7', '::ffff:10.1.2.3']) await from(ip).expect(200);
    for (const ip of ['10.2.0.1', '192.0.2.8', '2001:db9::1', '127.0.0.1']) {
      expect((await from(ip).expect(403)).body).toMatchObject({
        code: 'forbidden',
        detail: expect.stringContaining(ip),
      });
    }
    // What a client wrote before the proxy counts for nothing.
    await from('10.1.2.3, 10.2.0.1').expect(403);
  });

  it.each(['10.0.0.1/8', '10.0.0.0/33', '2001:db8::1/32', 'anywhere', '::ffff:10.0.0.0/104', '10.0.0.0/08'])(
    'is not made for %s, which is no network',
    async (network) => {
      const { id } = await account();
      const { body } = await roster.api
        .post(`/service-accounts/${id}/keys`)
        .set(as(admin))
        .send({ name: 'CI', networks: [network] })
        .expect(400);
      expect(body).toMatchObject({ code: 'validation-failed' });
    },
  );

  it('is in no row as it is, and its name is sealed', async () => {
    const { key } = await keyOf(await account(), { name: 'Planted by Ada' });
    const secret = key.split('_')[2] ?? '';
    const rows = await roster.database.query<{ row: string }>(
      `SELECT row(service_keys.*)::text AS row FROM service_keys UNION ALL SELECT row(user_events.*)::text FROM user_events`,
    );
    const dump = rows.map(({ row }) => row).join('\n');
    for (const text of [
      secret,
      Buffer.from(secret).toString('hex'),
      'Planted',
      Buffer.from('Planted').toString('hex'),
    ]) {
      expect(dump).not.toContain(text);
    }
    expect(JSON.stringify(roster.logLines())).not.toContain(secret);
  });

  it('is the twentieth at most', async () => {
    const made = await account();
    for (let held = 0; held < 20; held++) await keyOf(made);
    const more = await roster.api.post(`/service-accounts/${made.id}/keys`).set(as(admin)).send({ name: 'x' });
    expect(more.body).toMatchObject({ status: 409, code: 'too-many-keys' });
  });
});

describe('an end on one server', () => {
  type Act = (made: Account, key: MadeKey) => PromiseLike<unknown>;
  const acts: Record<string, Act> = {
    'the retirement of the key': ({ id }, key) =>
      roster.api.delete(`/service-accounts/${id}/keys/${key.id}`).set(as(admin)).expect(204),
    suspension: ({ id }) => roster.api.post(`/users/${id}/suspend`).set(as(admin)).expect(200),
    deletion: ({ id }) => roster.api.delete(`/service-accounts/${id}`).set(as(admin)).expect(204),
    'the deletion of a user': ({ id }) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204),
    erasure: ({ id }) => roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204),
  };
  it.each(Object.keys(acts))('by %s counts here at once, and there within 100 ms', async (name) => {
    const made = await account();
    const key = await keyOf(made);
    for (const at of [roster, two.other]) await me(key.key, at).expect(200);
    await acts[name]!(made, key);
    await me(key.key).expect(401);
    await sleep(101);
    await me(key.key, two.other).expect(401);
  });

  it('of a scope or a role counts here at once, and there within 100 ms', async () => {
    const { id } = await account();
    const { key } = await keyOf({ id, scopes: [] });
    const list = (at: Roster) => at.api.get('/users').set(as(key));
    for (const at of [roster, two.other]) await list(at).expect(200);
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'AUTHENTICATED' }).expect(200);
    expect((await list(roster).expect(403)).body).toMatchObject({ code: 'forbidden' });
    await sleep(101);
    await list(two.other).expect(403);
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    await list(roster).expect(200);
    await sleep(101);
    await list(two.other).expect(200);
    const scopes = ['introspect'];
    const { body } = await roster.api.patch(`/service-accounts/${id}`).set(as(admin)).send({ scopes }).expect(200);
    expect(body).toMatchObject({ scopes });
    expect((await list(roster).expect(403)).body).toMatchObject({ code: 'insufficient-scope' });
    await sleep(101);
    await list(two.other).expect(403);
  });

  it('is not undone by a restoration', async () => {
    const made = await account();
    const { key } = await keyOf(made);
    await roster.api.delete(`/users/${made.id}`).set(as(admin)).expect(204);
    await roster.api.post(`/users/${made.id}/restore`).set(as(admin)).expect(200);
    await me(key).expect(401);
    await me((await keyOf(made)).key).expect(200);
  });
});
