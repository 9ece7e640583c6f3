import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClaimExpiry } from '../../src/auth/registration/claim-expiry.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let adminId: string;
let manager: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  adminId = ((await get('/users/me').expect(200)).body as { id: string }).id;
  manager = await roster.join('manager@example.com', { firstName: 'Mana', lastName: 'Ger', username: 'mana' });
  await put(manager.id, 'role', { role: 'MANAGER' });
});
afterAll(() => roster.stop());

interface Item {
  readonly type: string;
  readonly userVersion: number;
  readonly summary: string;
  readonly actor: Record<string, unknown>;
  readonly data: Record<string, unknown>;
  readonly occurredAt: string;
}
interface Page {
  readonly items: Item[];
  readonly page: { limit: number; nextCursor: string | null; prevCursor: string | null };
  readonly _links: Record<string, { href: string } | undefined>;
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const get = (path: string, token = admin) => roster.api.get(path).set(as(token));
const put = (id: string, what: string, body: object, token = admin) =>
  roster.api.put(`/users/${id}/${what}`).set(as(token)).send(body).expect(200);
const patch = async (id: string, body: object, token = admin) =>
  (await roster.api.patch(`/users/${id}`).set(as(token)).send(body).expect(200)).body as Record<string, unknown>;
const suspend = (id: string, reason: string, token: string, trace = 'trace') =>
  roster.api.post(`/users/${id}/suspend`).set(as(token)).set('x-request-id', trace).send({ reason }).expect(200);
const history = async (id: string, query = '', token = admin) =>
  (await get(`/users/${id}/history${query}`, token).expect(200)).body as Page;
const refused = async (path: string, status: number, token = admin) => {
  const answer = await get(path, token);
  expect({ path, status: answer.status }).toEqual({ path, status });
  return answer.body as { code: string; detail: string };
};
let count = 0;
const join = (input: object = {}) => roster.join(`person${++count}@example.com`, input);

describe('a history', () => {
  it('says who did what, when and by which request, the newest first', async () => {
    const { id, token } = await join({ firstName: 'Ada' });
    await patch(id, { bio: 'Wrote the first program.', nickname: 'ada' }, token);
    const before = new Date().toISOString();
    await suspend(id, 'Spam.\nTwice.', manager.token, 'suspension-1');
    const { items } = await history(id);
    expect(items.map(({ summary }) => summary)).toEqual([
      'Suspended: Spam. Twice.',
      'Profile changed: nickname, bio',
      `Address proved: person${count}@example.com`,
      expect.stringMatching(/^Verification link made, good until 2/),
      'Registered as AUTHENTICATED',
    ]);
    expect(items[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ...{ type: 'user.suspended', version: 1, userVersion: 5, summary: 'Suspended: Spam. Twice.', erased: false },
      data: { reason: 'Spam.\nTwice.' },
      actor: {
        ...{ kind: 'user', id: manager.id, role: 'MANAGER' },
        ...{ name: 'Mana Ger', username: 'mana', email: 'manager@example.com' },
      },
      traceId: 'suspension-1',
      occurredAt: expect.any(String),
    });
    expect(items[0]!.occurredAt >= before).toBe(true);
    expect(items[1]).toMatchObject({ data: { nickname: 'ada', bio: 'Wrote the first program.' }, actor: { id } });
    expect(items[4]).toMatchObject({ actor: { kind: 'anonymous' }, data: { firstName: 'Ada' } });
  });

  it('names the actors only to those who may read them', async () => {
    const { id, token } = await join();
    await put(id, 'professional-status', { isProfessional: true });
    await patch(id, { bio: 'x' }, token);
    const own = await history(id, '', token);
    expect(own.items[1]!.actor).toEqual({ kind: 'user', id: adminId, role: 'ADMIN' });
    expect(own.items[0]!.actor).toMatchObject({ id, email: `person${count}@example.com`, name: null });
    expect((await history(id, '', manager.token)).items[1]!.actor).toMatchObject({ email: 'admin@example.com' });
    const gone = await join();
    await put(gone.id, 'role', { role: 'ADMIN' });
    await put(id, 'professional-status', { isProfessional: false }, gone.token);
    await roster.api.delete(`/users/${gone.id}`).set(as(admin)).expect(204);
    expect((await history(id, '', manager.token)).items[0]!.actor).toEqual({
      kind: 'user',
      id: gone.id,
      role: 'ADMIN',
    });
    expect((await history(id)).items[0]!.actor).toHaveProperty('email', `person${count}@example.com`);
  });

  it('comes in pages, there and back, while it grows', async () => {
    const { id } = await join();
    for (let index = 1; index <= 8; index++) await patch(id, { bio: `${index}` });
    const versions = (pages: Page[]) => pages.flatMap(({ items }) => items.map(({ userVersion }) => userVersion));
    const first = await history(id, '?limit=3');
    expect(first._links).toMatchObject({ self: {}, first: {} });
    expect(first.page).toMatchObject({ limit: 3, prevCursor: null });
    const pages = [first];
    for (let next = first._links['next']; next; next = pages.at(-1)!._links['next']) {
      const answer = await get(next.href).expect(200);
      expect(answer.headers['link']).toContain('rel="first"');
      pages.push(answer.body as Page);
      await patch(id, { bio: `later ${pages.length}` });
    }
    expect(versions(pages)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const back: Page[] = [];
    for (let prev = pages.at(-1)!._links['prev']; prev; prev = back[0]!._links['prev']) {
      back.unshift((await get(prev.href).expect(200)).body as Page);
    }
    expect(versions(back)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });

  it('shows one or several types', async () => {
    const { id } = await join();
    await patch(id, { bio: 'x' });
    const types = (page: Page) => page.items.map(({ type }) => type);
    expect(types(await history(id, '?type=user.updated'))).toEqual(['user.updated']);
    const two = '?type=user.updated,user.created';
    expect(types(await history(id, two))).toEqual(['user.updated', 'user.created']);
    const { page } = await history(id, `${two}&limit=1`);
    expect(types(await history(id, `${two}&limit=1&cursor=${page.nextCursor}`))).toEqual(['user.created']);
    await refused(`/users/${id}/history?type=user.created&limit=1&cursor=${page.nextCursor}`, 400);
    await refused(`/users/${manager.id}/history${two}&limit=1&cursor=${page.nextCursor}`, 400);
  });

  it.each([
    'type=user.cloned',
    'type=',
    'type=user.updated,',
    'type=user.updated&type=user.created',
    'limit=0',
    'limit=101',
  ])('refuses %s', async (query) =>
    expect(await refused(`/users/${adminId}/history?${query}`, 400)).toMatchObject({ code: 'validation-failed' }),
  );
});

describe('a user as it was', () => {
  it('is shown at a version and at a time, without an ETag and without anything to do', async () => {
    const { id, token } = await join({ firstName: 'Ada' });
    const before = await patch(id, { lastName: 'Byron' }, token);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await patch(id, { lastName: 'Lovelace' }, token);
    await suspend(id, 'Spam.', admin);
    const past = { ...before, _links: { self: { href: `/users/${id}?version=4`, method: 'GET' } } };
    for (const query of ['version=4', `at=${String(before['updatedAt'])}`, `at=${later(before['updatedAt'], 4)}`]) {
      const answer = await get(`/users/${id}?${query}`).expect(200);
      expect(answer.body).toEqual({ ...past, lastLoginAt: null });
      expect(answer.headers).not.toHaveProperty('etag');
    }
    expect((await get(`/users/${id}?version=1`)).body).toMatchObject({ status: 'PENDING', lastName: null });
    expect((await get(`/users/${id}?at=2999-01-01T00:00:00Z`)).body).toMatchObject({ status: 'SUSPENDED', version: 6 });
    expect((await get(`/users/${id}`)).headers['etag']).toBe('"6"');
  });

  it('is not found before it was there, nor beyond its newest version', async () => {
    const { id } = await join();
    const [{ created_at: created } = { created_at: new Date() }] = await roster.database.query<{ created_at: Date }>(
      'SELECT created_at FROM users WHERE id = $1',
      [id],
    );
    expect(await refused(`/users/${id}?at=${later(created, -1)}`, 404)).toMatchObject({ detail: /did not exist/ });
    expect(await refused(`/users/${id}?version=4`, 404)).toMatchObject({ detail: /has no version 4; the latest is 3/ });
    await refused(`/users/${id}?version=999999999999999`, 404);
    await refused(`/users/${id}?at=0001-01-01T00:00:00Z`, 404);
  });

  it.each([
    'version=1&at=2026-01-01T00:00:00Z',
    'version=0',
    'version=-1',
    'version=1.5',
    'version=1e3',
    'at=yesterday',
  ])('is refused for %s', async (query) =>
    expect(await refused(`/users/${adminId}?${query}`, 400)).toMatchObject({ code: 'validation-failed' }),
  );
});

describe('what changed between two moments', () => {
  it('is said by field, from and to, by version or by time', async () => {
    const { id, token } = await join({ firstName: 'Ada' });
    const first = await patch(id, { lastName: 'Byron', bio: 'x' }, token);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await patch(id, { lastName: 'King', bio: null }, token);
    await patch(id, { lastName: 'Lovelace' }, token);
    await suspend(id, 'Spam.', admin);
    const diff = async (query: string) => (await get(`/users/${id}/diff?${query}`).expect(200)).body as object;
    const expected = {
      from: { version: 4, at: first['updatedAt'] },
      to: { version: 7, at: expect.any(String) },
      changes: [
        { field: 'lastName', from: 'Byron', to: 'Lovelace' },
        { field: 'bio', from: 'x', to: null },
        { field: 'status', from: 'ACTIVE', to: 'SUSPENDED' },
      ],
      events: 3,
    };
    expect(await diff('from=4&to=7')).toEqual(expected);
    expect(await diff('from=4')).toEqual(expected);
    expect(await diff(`from=${String(first['updatedAt'])}&to=2999-01-01T00:00:00Z`)).toEqual(expected);
    expect(await diff('from=1&to=3')).toMatchObject({
      changes: [
        { field: 'emailVerified', from: false, to: true },
        { field: 'status', from: 'PENDING', to: 'ACTIVE' },
      ],
    });
    const contact = { kind: 'phone', value: '+442079460958' };
    await roster.api.post(`/users/${id}/contacts`).set(as(admin)).send(contact).expect(201);
    expect(await diff('from=7')).toMatchObject({
      changes: [{ field: 'contacts', from: [], to: [contact] }],
    });
    expect(await diff('from=5&to=5')).toMatchObject({ changes: [], events: 0 });
    expect(await refused(`/users/${id}/diff?from=7&to=4`, 400)).toMatchObject({ errors: [{ path: 'to' }] });
    await refused(`/users/${id}/diff?from=4&to=9`, 404);
    await refused(`/users/${id}/diff?from=0001-01-01T00:00:00Z`, 404);
    for (const query of ['', 'to=3', 'from=0', 'from=x', 'from=1&from=2', 'from=1&to=', 'from=-1', 'from=2026-02-30']) {
      await refused(`/users/${id}/diff?${query}`, 400);
    }
  });
});

describe('the past of a deleted user', () => {
  const paths = (id: string) => [`/users/${id}/history?`, `/users/${id}?version=1&`, `/users/${id}/diff?from=1&`];

  it('is there for an ADMIN who asks for it, and for nobody else', async () => {
    const { id } = await join();
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    for (const path of paths(id)) {
      await refused(path, 404);
      await refused(path, 404, manager.token);
      await refused(`${path}includeDeleted=true`, 403, manager.token);
      await refused(`${path}includeDeleted=true`, 200);
    }
    for (const path of paths('019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071')) await refused(`${path}includeDeleted=true`, 404);
  });

  it('goes on without its person when that is erased, also when no row is left', async () => {
    const email = 'claimed@example.com';
    const register = (input: object) => roster.api.post('/auth/register').send({ email, password: PASSWORD, ...input });
    await register({ firstName: 'Loser' }).expect(202);
    const [loser] = await roster.database.query<{ id: string }>(
      'SELECT id FROM users WHERE email = $1 ORDER BY id DESC LIMIT 1',
      [email],
    );
    await roster.database.query("UPDATE users SET created_at = now() - interval '8 days' WHERE id = $1", [loser!.id]);
    await roster.app.get(ClaimExpiry, { strict: false }).deleteExpired();
    for (const path of paths(loser!.id)) await refused(path, 404);
    const { items } = await history(loser!.id, '?includeDeleted=true');
    expect(items).toMatchObject([
      { type: 'user.erased', erased: false, summary: 'Erased: nobody proved the address in time' },
      { type: 'user.verification_token.created' },
      { type: 'user.created', erased: true, data: { email: null, firstName: null, how: 'registration' } },
    ]);
    const { body } = await get(`/users/${loser!.id}?version=3&includeDeleted=true`).expect(200);
    expect(body).toMatchObject({ status: 'DELETED', email: null });
  });

  it('reads null for what an admin erased, and still tells which fields were changed', async () => {
    const { id, token } = await join({ firstName: 'Erika' });
    await patch(id, { bio: 'secret' }, token);
    await roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204);
    for (const path of paths(id)) await refused(path, 404, manager.token);
    const { items } = await history(id, '?includeDeleted=true');
    expect(items[0]).toMatchObject({ type: 'user.erased', summary: 'Erased: an administrator did it' });
    expect(items[1]).toMatchObject({ summary: 'Profile changed: bio', data: { bio: null }, erased: true });
    expect(items[1]!.actor).toEqual({
      kind: 'user',
      id,
      role: 'AUTHENTICATED',
      name: null,
      username: null,
      email: null,
    });
    const { body } = await get(`/users/${id}?version=4&includeDeleted=true`).expect(200);
    expect(body).toMatchObject({ firstName: null, bio: null, email: null, version: 4, status: 'ACTIVE' });
    const own = (await get(`/users/${id}?includeDeleted=true`)).body as { _links: Record<string, { href: string }> };
    expect(Object.keys(own._links)).toEqual(['self', 'history']);
    await get(own._links['history']!.href).expect(200);
  });
});

function later(time: unknown, ms: number): string {
  return new Date(new Date(time as string | Date).getTime() + ms).toISOString();
}
