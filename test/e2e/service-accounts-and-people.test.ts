import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allow, AllowServiceAccounts } from '../../src/access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../src/access/caller.js';
import { RequireStepUp } from '../../src/access/require-step-up.decorator.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

@Controller('for-services')
class ForServices {
  @Get()
  @AllowServiceAccounts('revocations:read')
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  who(@CurrentCaller() { userId, service }: Caller): object {
    return { userId, ...service };
  }

  @Post()
  @HttpCode(200)
  @Allow('AUTHENTICATED', 'users:read')
  @RequireStepUp()
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  undoable(): object {
    return {};
  }
}
@Module({ controllers: [ForServices] })
class ForServicesModule {}

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };
let service: string;
let key: string;
beforeAll(async () => {
  roster = await startRoster({}, [ForServicesModule]);
  admin = await roster.signIn();
  manager = await roster.join('manager@example.com');
  await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
  service = await create({ name: 'Billing', role: 'AUTHENTICATED' });
  key = await keyOf(service);
});
afterAll(() => roster.stop());

async function create(account: object): Promise<string> {
  const { body, headers } = await roster.api.post('/service-accounts').set(as(admin)).send(account).expect(201);
  const { id } = body as { id: string };
  expect(headers).toMatchObject({ location: `/service-accounts/${id}` });
  return id;
}
async function keyOf(id: string): Promise<string> {
  const response = await roster.api.post(`/service-accounts/${id}/keys`).set(as(admin)).send({ name: 'CI' });
  return (response.body as { key: string }).key;
}
const idsAt = async (path: string, token = admin) =>
  ((await roster.api.get(path).set(as(token)).expect(200)).body as { items: { id: string }[] }).items.map(
    ({ id }) => id,
  );

describe('a route for services', () => {
  it('lets in a service account of the lowest role, and no person', async () => {
    const { body } = await roster.api.get('/for-services').set(as(key)).expect(200);
    expect(body).toMatchObject({ userId: service, scopes: expect.arrayContaining(['revocations:read']) });
    for (const token of [admin, manager.token]) {
      const refused = await roster.api.get('/for-services').set(as(token)).expect(403);
      expect(refused.body).toMatchObject({ detail: expect.stringContaining('Only a service account') });
    }
    await roster.api.get('/for-services').expect(401);
    const other = await keyOf(await create({ name: 'Other', role: 'ADMIN', scopes: ['introspect'] }));
    await roster.api.get('/for-services').set(as(other)).expect(403);
  });
});

describe('a route that takes a fresh proof', () => {
  it('lets in no key, since that proves nothing anew', async () => {
    await roster.api.post('/for-services').set(as(admin)).expect(200);
    const refused = await roster.api.post('/for-services').set(as(key)).expect(403);
    expect(refused.body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('prove again') });
  });
});

describe('people', () => {
  it('are listed without service accounts, and these where they are asked for', async () => {
    for (const path of ['/users', '/users?search=billing', '/users?role=AUTHENTICATED', '/users?includeDeleted=true']) {
      expect(await idsAt(path)).not.toContain(service);
    }
    for (const path of ['/users?kind=SERVICE', '/users?kind=SERVICE&search=billing', '/service-accounts']) {
      expect(await idsAt(path)).toContain(service);
      expect(await idsAt(path)).not.toContain(manager.id);
    }
  });

  it('other than ADMINs, or without a fresh proof, make neither accounts nor keys, and see none', async () => {
    const as403 = as(manager.token);
    await roster.api.post('/service-accounts').set(as403).send({ name: 'x', role: 'AUTHENTICATED' }).expect(403);
    await roster.api.get('/service-accounts').set(as403).expect(403);
    await roster.api.get(`/service-accounts/${service}`).set(as403).expect(403);
    await roster.api.patch(`/service-accounts/${service}`).set(as403).send({ name: 'x' }).expect(403);
    await roster.api.delete(`/service-accounts/${service}`).set(as403).expect(403);
    await roster.api.get(`/service-accounts/${service}/keys`).set(as403).expect(403);
    await roster.api.post(`/service-accounts/${service}/keys`).set(as403).send({ name: 'x' }).expect(403);
    await roster.api.post(`/users/${service}/suspend`).set(as403).expect(403);
    await roster.api.get(`/users/${service}/history`).set(as403).expect(403);
    await roster.api.get(`/users/${service}`).set(as403).expect(200);
  });

  it('are no service accounts: nobody makes a key of a person', async () => {
    await roster.api.post(`/service-accounts/${manager.id}/keys`).set(as(admin)).send({ name: 'x' }).expect(404);
    await roster.api.get(`/service-accounts/${manager.id}`).set(as(admin)).expect(404);
    await roster.api.delete(`/service-accounts/${manager.id}`).set(as(admin)).expect(404);
    await roster.api.get(`/service-accounts/nobody`).set(as(admin)).expect(404);
  });

  it('give a service account no address, no name to sign in with, and no way to do so', async () => {
    const acts: [string, 'put' | 'post' | 'patch' | 'get', object?][] = [
      ['email', 'put', { newEmail: 'billing@example.com' }],
      ['username', 'put', { newUsername: 'billing' }],
      ['password', 'put', { currentPassword: PASSWORD, newPassword: PASSWORD }],
      ['contacts', 'post', { kind: 'email', value: 'billing@example.com' }],
      ['professional-status', 'put', { isProfessional: true }],
      ['methods', 'get'],
      ['factors', 'get'],
      ['', 'patch', { firstName: 'Bill' }],
      ['', 'put', { nickname: 'Bill' }],
    ];
    for (const [path, method, body] of acts) {
      const { status } = await roster.api[method](`/users/${service}${path && `/${path}`}`)
        .set(as(admin))
        .send(body);
      expect({ path, method, status }).toEqual({ path, method, status: 403 });
    }
    const { body } = await roster.api.get(`/users/${service}`).set(as(admin)).expect(200);
    expect(Object.keys((body as { _links: object })._links).sort()).toEqual(
      ['delete', 'erase', 'export', 'history', 'role', 'self', 'suspend'].sort(),
    );
  });

  it('find in an export what is held of a service account, and nothing after its erasure', async () => {
    const id = await create({ name: 'Short-lived', role: 'AUTHENTICATED' });
    await keyOf(id);
    const { body } = await roster.api.get(`/users/${id}/export`).set(as(admin)).expect(200);
    expect(body).toMatchObject({
      data: { profile: { kind: 'SERVICE' }, serviceKeys: [{ name: 'CI', networks: [] }] },
    });
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    expect(await roster.database.query('SELECT FROM service_keys WHERE user_id = $1', [id])).toEqual([]);
    const history = await roster.api.get(`/users/${id}/history?includeDeleted=true`).set(as(admin)).expect(200);
    expect(JSON.stringify(history.body)).not.toMatch(/Short-lived|CI/);
  });

  it('stay: a service account of role ADMIN is not the admin that has to be left', async () => {
    await create({ name: 'Root', role: 'ADMIN' });
    const me = await roster.api.get('/users/me').set(as(admin)).expect(200);
    const last = await roster.api
      .delete(`/users/${(me.body as { id: string }).id}`)
      .set(as(admin))
      .expect(409);
    expect(last.body).toMatchObject({ code: 'last-admin' });
  });
});

describe('a service account', () => {
  it('is renamed, and says when nothing was asked for', async () => {
    const id = await create({ name: 'Old', role: 'AUTHENTICATED' });
    const change = (body: object) => roster.api.patch(`/service-accounts/${id}`).set(as(admin)).send(body);
    expect((await change({ name: 'New' }).expect(200)).body).toMatchObject({ name: 'New', status: 'ACTIVE' });
    expect((await change({}).expect(400)).body).toMatchObject({ code: 'nothing-to-update' });
    await change({ scopes: ['everything'] }).expect(400);
    await change({ name: null }).expect(400);
  });
});
