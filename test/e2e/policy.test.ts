import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

// Every route about one user, and who may call it:
//   nobody | the user itself | another user | a manager, on a user | a manager, on a manager or admin | an admin
const TABLE = `
  GET    /users/:id                      | 401 | yes | 403 | yes | yes | yes
  GET    /users/:id/history              | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/sign-ins             | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/sessions             | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/sessions             | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/sessions/:sessionId  | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/remembered-devices   | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/remembered-devices   | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/remembered-devices/:deviceId | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/mails                | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/diff                 | 401 | yes | 403 | yes | 403 | yes
  PATCH  /users/:id                      | 401 | yes | 403 | yes | 403 | yes
  PUT    /users/:id                      | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id                      | 401 | yes | 403 | 403 | 403 | yes
  PUT    /users/:id/username             | 401 | yes | 403 | 403 | 403 | yes
  PUT    /users/:id/password             | 401 | yes | 403 | 403 | 403 | own
  PUT    /users/:id/email                | 401 | yes | 403 | 403 | 403 | yes
  GET    /users/:id/methods              | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/methods/:method      | 401 | yes | 403 | 403 | 403 | yes
  GET    /users/:id/grants               | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/grants/:clientId     | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/identities           | 401 | yes | 403 | yes | 403 | yes
  POST   /users/:id/identities/:providerId/start | 401 | yes | 403 | 403 | 403 | own
  DELETE /users/:id/identities/:identityId | 401 | yes | 403 | 403 | 403 | yes
  GET    /users/:id/passkeys             | 401 | yes | 403 | yes | 403 | yes
  POST   /users/:id/passkeys/options     | 401 | yes | 403 | 403 | 403 | own
  POST   /users/:id/passkeys             | 401 | yes | 403 | 403 | 403 | own
  PATCH  /users/:id/passkeys/:passkeyId  | 401 | yes | 403 | 403 | 403 | own
  DELETE /users/:id/passkeys/:passkeyId  | 401 | yes | 403 | 403 | 403 | yes
  GET    /users/:id/factors              | 401 | yes | 403 | yes | 403 | yes
  DELETE /users/:id/factors              | 401 | 403 | 403 | 403 | 403 | yes
  POST   /users/:id/totp                 | 401 | yes | 403 | 403 | 403 | own
  POST   /users/:id/totp/confirm         | 401 | yes | 403 | 403 | 403 | own
  DELETE /users/:id/totp                 | 401 | yes | 403 | 403 | 403 | yes
  POST   /users/:id/recovery-codes       | 401 | yes | 403 | 403 | 403 | own
  PUT    /users/:id/role                 | 401 | 403 | 403 | 403 | 403 | yes
  PUT    /users/:id/professional-status  | 401 | 403 | 403 | yes | 403 | yes
  POST   /users/:id/suspend              | 401 | 403 | 403 | yes | 403 | yes
  POST   /users/:id/reinstate            | 401 | 403 | 403 | yes | 403 | yes
  POST   /users/:id/unlock               | 401 | 403 | 403 | yes | 403 | yes
  POST   /users/:id/restore              | 401 | 403 | 403 | 403 | 403 | yes
  POST   /users/:id/erase                | 401 | 403 | 403 | 403 | 403 | yes
  GET    /users/:id/export               | 401 | yes | 403 | 403 | 403 | yes
  GET    /users/:id/contacts             | 401 | yes | 403 | yes | yes | yes
  POST   /users/:id/contacts             | 401 | yes | 403 | yes | 403 | yes
  GET    /users/:id/contacts/:contactId  | 401 | yes | 403 | yes | yes | yes
  DELETE /users/:id/contacts/:contactId  | 401 | yes | 403 | yes | 403 | yes
  POST   /users/:id/contacts/:contactId/resend-confirmation  | 401 | yes | 403 | yes | 403 | yes
`;
// own: as "yes" on oneself, and 403 on others.
// Routes about one's own account, or about nobody in particular, are in the table of access.test.ts.

const CREDENTIAL = {
  ...{ id: 'YQ', rawId: 'YQ', type: 'public-key' },
  response: { clientDataJSON: 'YQ', attestationObject: 'YQ' },
};

const BODIES: Record<string, object> = {
  'PATCH /users/:id': { nickname: 'x' },
  'PUT /users/:id': { nickname: 'x' },
  'PUT /users/:id/username': { newUsername: 'another-name' },
  'PUT /users/:id/password': { currentPassword: PASSWORD, newPassword: `${PASSWORD}, again` },
  'PUT /users/:id/email': { newEmail: 'elsewhere@example.com', currentPassword: PASSWORD },
  'POST /users/:id/passkeys': { credential: CREDENTIAL },
  'PATCH /users/:id/passkeys/:passkeyId': { name: 'Laptop' },
  'POST /users/:id/totp/confirm': { code: '123456' },
  'PUT /users/:id/role': { role: 'MANAGER' },
  'PUT /users/:id/professional-status': { isProfessional: true },
  'POST /users/:id/suspend': {},
  'POST /users/:id/contacts': { kind: 'phone', value: '+4915112345678' },
};

const QUERIES: Record<string, object> = { 'GET /users/:id/diff': { from: '1' } };

const rows = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [route = '', ...cells] = line.split('|').map((cell) => cell.trim());
    const [method = '', path = ''] = route.split(/\s+/);
    const [anonymous, self, other, managerOnUser, managerOnStaff, admin] = cells;
    return { method, path, anonymous, self, other, managerOnUser, managerOnStaff, admin };
  });

type Column = 'anonymous' | 'self' | 'other' | 'managerOnUser' | 'managerOnStaff' | 'admin';

let roster: Roster;
const people: Record<string, { id: string; token: string; contactId: string }> = {};

beforeAll(async () => {
  // GitHub, since leaving for it asks nobody.
  roster = await startRoster({ PROVIDERS: 'github', GITHUB_CLIENT_ID: 'roster', GITHUB_CLIENT_SECRET: 'secret' });
  const admin = await roster.signIn();
  for (const [name, role] of Object.entries({
    user: '',
    user2: '',
    manager: 'MANAGER',
    manager2: 'MANAGER',
    admin2: 'ADMIN',
  })) {
    const { id, token } = await roster.join(`${name}@example.com`);
    const contact = await roster.api
      .post(`/users/${id}/contacts`)
      .set('authorization', `Bearer ${token}`)
      .send({ kind: 'phone', value: '+442079460958' })
      .expect(201);
    people[name] = { id, token, contactId: (contact.body as { id: string }).id };
    if (role === '') continue;
    await roster.api.put(`/users/${id}/role`).set('authorization', `Bearer ${admin}`).send({ role }).expect(200);
  }
});
afterAll(() => roster.stop());

/** 401, 403, or "yes": let in, and stopped only by the version that no user has. */
async function outcome(method: string, path: string, actor: string | undefined, target: string): Promise<string> {
  const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
  const url = path
    .replace(':id', people[target]!.id)
    .replace(':contactId', people[target]!.contactId)
    .replace(':providerId', 'github')
    .replace(':method', 'password');
  let request = roster.api[verb](url)
    .set('if-match', '"0"')
    .query(QUERIES[`${method} ${path}`] ?? {});
  if (actor !== undefined) request = request.set('authorization', `Bearer ${people[actor]!.token}`);
  const { status } = await request.send(BODIES[`${method} ${path}`]);
  return [200, 412].includes(status) ? 'yes' : String(status);
}

const CASES: Record<Column, readonly (readonly [string | undefined, string])[]> = {
  anonymous: [
    [undefined, 'user'],
    [undefined, 'admin2'],
  ],
  self: [['user', 'user']],
  other: [
    ['user', 'user2'],
    ['user', 'manager'],
    ['user', 'admin2'],
  ],
  managerOnUser: [['manager', 'user']],
  managerOnStaff: [
    ['manager', 'manager2'],
    ['manager', 'admin2'],
  ],
  admin: [
    ['admin2', 'user'],
    ['admin2', 'manager'],
    ['admin2', 'admin2'],
  ],
};

describe('who may do what with whom', () => {
  it.each(rows)('$method $path is as the table says', async (row) => {
    const found: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const [column, cases] of Object.entries(CASES)) {
      for (const [actor, target] of cases) {
        const cell = `${column}: ${actor ?? 'nobody'} on ${target}`;
        found[cell] = await outcome(row.method, row.path, actor, target);
        const told = row[column as Column] ?? '';
        const own = actor === target ? 'yes' : '403';
        expected[cell] = told === 'own' ? own : told;
      }
    }
    expect(found).toEqual(expected);
  });

  it('has a row for every route about one user', () => {
    const routes = declaredRoutes(roster.app.get(DiscoveryService, { strict: false }), new MetadataScanner());
    const aboutOne = routes.filter(({ path }) => path.startsWith('/users/:id'));
    expect(aboutOne.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      rows.map(({ method, path }) => `${method} ${path}`).sort(),
    );
  });

  it('guards the past like the history, however it is asked for', async () => {
    for (const past of ['version=1', 'at=2999-01-01T00:00:00Z']) {
      const route = rows.find(({ path }) => path === '/users/:id/history')!;
      for (const [column, cases] of Object.entries(CASES)) {
        for (const [actor, target] of cases) {
          const found = await outcome('GET', `/users/:id?${past}`, actor, target);
          expect({ past, actor, target, found }).toEqual({ past, actor, target, found: route[column as Column] });
        }
      }
    }
  });

  it('tells somebody who may not the same about who exists and who does not', async () => {
    const nobody = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
    for (const [actor, status] of [
      ['user', 403],
      ['manager', 404],
      ['admin2', 404],
    ] as const) {
      await roster.api.get(`/users/${nobody}`).set('authorization', `Bearer ${people[actor]!.token}`).expect(status);
    }
  });

  it('is what the links of a user say', async () => {
    const links = async (actor: string, target: string) => {
      const { body } = await roster.api
        .get(`/users/${people[target]!.id}`)
        .set('authorization', `Bearer ${people[actor]!.token}`)
        .expect(200);
      return Object.keys(body._links as object).sort();
    };
    expect(await links('user', 'user')).toEqual([
      'addContact',
      'contacts',
      'delete',
      'email',
      'endSessions',
      'export',
      'factors',
      'forgetDevices',
      'history',
      'identities',
      'mails',
      'methods',
      'password',
      'rememberedDevices',
      'self',
      'sessions',
      'signIns',
      'update',
      'username',
    ]);
    expect(await links('manager', 'user')).toEqual([
      'addContact',
      'contacts',
      'endSessions',
      'factors',
      'forgetDevices',
      'history',
      'identities',
      'mails',
      'methods',
      'professionalStatus',
      'rememberedDevices',
      'self',
      'sessions',
      'signIns',
      'suspend',
      'update',
    ]);
    expect(await links('manager', 'admin2')).toEqual(['contacts', 'self']);
    expect(await links('admin2', 'user')).toEqual([
      'addContact',
      'contacts',
      'delete',
      'email',
      'endSessions',
      'erase',
      'export',
      'factors',
      'forgetDevices',
      'history',
      'identities',
      'mails',
      'methods',
      'professionalStatus',
      'rememberedDevices',
      'resetFactors',
      'role',
      'self',
      'sessions',
      'signIns',
      'suspend',
      'update',
      'username',
    ]);
  });

  it('is what the links of sessions and sign-in methods say', async () => {
    const { id, token } = people.user!;
    const links = async (actor: string, list: string) => {
      const { body } = await roster.api
        .get(`/users/${id}/${list}`)
        .set('authorization', `Bearer ${people[actor]!.token}`)
        .expect(200);
      const items = body.items as { _links: Record<string, { href: string; method: string }> }[];
      return items.map(({ _links }) =>
        Object.entries(_links)
          .map(([name, { href }]) => `${name} ${href}`)
          .join(),
      );
    };
    const own = await roster.api.get('/auth/sessions').set('authorization', `Bearer ${token}`).expect(200);
    const sessions = (own.body.items as { id: string }[]).map((session) => `end /users/${id}/sessions/${session.id}`);
    expect(sessions).not.toEqual([]);
    for (const actor of ['user', 'manager', 'admin2']) expect(await links(actor, 'sessions')).toEqual(sessions);

    // The link by mail comes with the address, and cannot go.
    const removable = [`remove /users/${id}/methods/password`, ''];
    expect(await links('user', 'methods')).toEqual(removable);
    expect(await links('admin2', 'methods')).toEqual(removable);
    expect(await links('manager', 'methods')).toEqual(['', '']);
  });
});
