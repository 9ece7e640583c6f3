import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';

const BROWSER = 'CanaryBrowser/1.0';

interface Item {
  readonly id: string;
  readonly type: string;
  readonly what: string | null;
  readonly userId: string | null;
  readonly actorId: string | null;
  readonly times: number;
  readonly ip: string | null;
}

let roster: Roster;
let admin: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster({ RATE_LIMIT_ENABLED: 'true' });
  const token = await roster.signIn();
  const me = await roster.api.get('/users/me').set(as(token)).expect(200);
  admin = { id: (me.body as { id: string }).id, token };
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}`, 'user-agent': BROWSER });
const audit = async (query: object = {}) =>
  (await roster.api.get('/audit').query(query).set(as(admin.token)).expect(200)).body as {
    items: Item[];
    _links: { next?: { href: string } };
  };
const acts = async (actorId = admin.id) => (await audit({ type: 'access.granted', actorId, limit: 100 })).items;
const timesOf = (items: readonly Item[], what: string) =>
  items.filter((item) => item.what === what).reduce((sum, { times }) => sum + times, 0);

describe('the audit trail', () => {
  it('has every change of a webhook: who, which, when, from where', async () => {
    const call = (method: 'post' | 'patch' | 'delete', path: string, body?: object) =>
      roster.api[method](path).set(as(admin.token)).send(body);
    const { body } = await call('post', '/webhooks', { url: 'https://hooks.example.com/in' }).expect(201);
    const path = `/webhooks/${String(body.id)}`;
    await call('patch', path, { enabled: false }).expect(200);
    await call('post', `${path}/rotate-secret`).expect(200);
    await call('delete', path).expect(204);
    await call('delete', path).expect(404);
    const found = (await acts()).filter(({ what }) => what?.includes('/webhooks'));
    expect(found.map(({ what }) => what).sort()).toEqual(
      [`DELETE ${path}`, `POST ${path}/rotate-secret`, `PATCH ${path}`, `POST ${path}`].sort(),
    );
    expect(found[0]).toMatchObject({
      type: 'access.granted',
      actorId: admin.id,
      actorRole: 'ADMIN',
      userId: null,
      ip: '127.0.0.1',
      userAgent: BROWSER,
      traceId: expect.any(String),
      lastAt: expect.any(String),
    });
  });

  it('has every export, and of whom, by the person as by an admin', async () => {
    const { id, token } = await roster.join('exported@example.com');
    await roster.api.get(`/users/${id}/export`).set(as(token)).expect(200);
    await roster.api.get(`/users/${id}/export`).set(as(admin.token)).expect(200);
    const about = (await audit({ type: 'access.granted', userId: id })).items;
    expect(about.map(({ what, actorId }) => [what, actorId]).sort()).toEqual(
      [
        ['GET /users/:id/export', id],
        ['GET /users/:id/export', admin.id],
      ].sort(),
    );
  });

  it('counts reads of the feed, of which there may be many, in a row a minute', async () => {
    const before = timesOf(await acts(), 'GET /events');
    await Promise.all(Array.from({ length: 25 }, () => roster.api.get('/events').set(as(admin.token)).expect(200)));
    await eventually(async () => timesOf(await acts(), 'GET /events') === before + 25);
    const rows = (await acts()).filter(({ what }) => what === 'GET /events');
    // The minute may have turned meanwhile.
    expect(rows.length).toBeLessThanOrEqual(2);
  });

  it('counts what was refused by a limit, without a write for each', async () => {
    const ask = () => roster.api.post('/auth/request-password-reset').send({ email: 'nobody@example.com' });
    const answers = await Promise.all(Array.from({ length: 100 }, ask));
    const refused = answers.filter(({ status }) => status === 429).length;
    expect(refused).toBe(40);
    const limits = async () => (await audit({ type: 'limit.exceeded' })).items;
    await eventually(async () => timesOf(await limits(), 'POST /auth/request-password-reset') === refused);
    expect((await limits()).length).toBeLessThanOrEqual(2);
    expect((await limits())[0]).toMatchObject({ actorId: null, ip: '127.0.0.1' });
  });

  it('is for admins alone, comes by page, and is filtered', async () => {
    const { id, token } = await roster.join('reader@example.com');
    await roster.api.get('/audit').set(as(token)).expect(403);
    const first = await audit({ limit: 2 });
    expect(first.items).toHaveLength(2);
    const next = await roster.api.get(first._links.next!.href).set(as(admin.token)).expect(200);
    const ids = [...first.items, ...(next.body as { items: Item[] }).items].map((item) => item.id);
    expect(new Set(ids).size).toBe(4);
    const denied = await audit({ type: 'access.denied', actorId: id });
    expect(denied.items).toMatchObject([{ what: 'GET /audit', actorId: id, actorRole: 'AUTHENTICATED' }]);
    await roster.api.get('/audit').query({ type: 'nonsense' }).set(as(admin.token)).expect(400);
    await roster.api.get('/audit').query({ userId: 'x' }).set(as(admin.token)).expect(400);
  });

  it('tells nothing of it among the sign-ins of a user', async () => {
    const page = await roster.api.get(`/users/${admin.id}/sign-ins`).set(as(admin.token)).expect(200);
    const types = (page.body as { items: Item[] }).items.map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('access.') || type.startsWith('limit.'))).toEqual([]);
  });
});
