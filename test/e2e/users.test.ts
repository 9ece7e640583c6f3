import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const get = (id: string, token = admin) => roster.api.get(`/users/${id}`).set(as(token));
const patch = (id: string, body: object, token = admin) => roster.api.patch(`/users/${id}`).set(as(token)).send(body);
const act = (id: string, what: string, body: object = {}, token = admin) =>
  roster.api.post(`/users/${id}/${what}`).set(as(token)).send(body);
const setRole = (id: string, role: string, token = admin) =>
  roster.api.put(`/users/${id}/role`).set(as(token)).send({ role });
let count = 0;
const join = (input: object = {}) => roster.join(`user${++count}@example.com`, input);

describe('a profile', () => {
  it('takes the given fields, keeps the others, clears with null, and keeps Unicode', async () => {
    const { id, token } = await join({ firstName: 'Ada' });
    const given = {
      lastName: 'Łovelace 李',
      bio: 'First line.\nSecond line. 👩‍💻',
      pictureUrl: 'https://images.example.com/ada.jpg',
      locale: 'pt-BR',
      phone: '+442079460958',
      githubUrl: 'https://github.com/ada',
      linkedinUrl: 'https://www.linkedin.com/in/ada',
    };
    const { body } = await roster.api.patch('/users/me').set(as(token)).send(given).expect(200);
    expect(body).toMatchObject({ ...given, firstName: 'Ada', version: 4 });
    const cleared = await patch(id, { bio: null }, token).expect(200);
    expect(cleared.body).toMatchObject({ bio: null, lastName: given.lastName });
    const put = await roster.api.put(`/users/${id}`).set(as(token)).send({ nickname: 'countess' }).expect(200);
    expect(put.body).toMatchObject({ nickname: 'countess', firstName: null, phone: null });
  });

  it('is one event with the changed fields only, and none when nothing changes', async () => {
    const { id, token } = await join({ firstName: 'Ada' });
    const before = (await get(id).expect(200)).body as { version: number };
    await patch(id, { firstName: 'Ada' }, token).expect(200);
    expect((await get(id)).body).toMatchObject({ version: before.version });
    await patch(id, { firstName: 'Ada', lastName: 'King' }, token).expect(200);
    const events = await roster.database.query<{ type: string }>(
      'SELECT type FROM user_events WHERE user_id = $1 AND user_version > $2',
      [id, before.version],
    );
    expect(events).toEqual([{ type: 'user.updated' }]);
  });

  it.each([
    ['nothing', {}, 'nothing-to-update'],
    ['a number for a name', { firstName: 1 }, 'validation-failed'],
    ['a blank name', { firstName: '  ' }, 'validation-failed'],
    ['a name of two lines', { lastName: 'a\nb' }, 'validation-failed'],
    ['a name of 101 characters', { lastName: 'x'.repeat(101) }, 'validation-failed'],
    ['a phone number without country', { phone: '020 7946 0958' }, 'validation-failed'],
    ['a phone number that cannot be', { phone: '+441' }, 'validation-failed'],
    ['an http picture', { pictureUrl: 'http://images.example.com/a.jpg' }, 'validation-failed'],
    ['a script for a picture', { pictureUrl: 'javascript:alert(1)' }, 'validation-failed'],
    ['another host for GitHub', { githubUrl: 'https://github.com.evil.example/ada' }, 'validation-failed'],
    ['a user in a GitHub URL', { githubUrl: 'https://github.com@evil.example/ada' }, 'validation-failed'],
    ['a control character in a URL', { githubUrl: 'https://github.com/ada#\u0085' }, 'validation-failed'],
    ['a repository for GitHub', { githubUrl: 'https://github.com/ada/engine' }, 'validation-failed'],
    ['another host for LinkedIn', { linkedinUrl: 'https://linkedin.com.evil.example/in/ada' }, 'validation-failed'],
    ['a language that is none', { locale: 'english please' }, 'validation-failed'],
    ...['role', 'id', 'email', 'emailVerified', 'status', 'version', 'passwordHash', 'createdAt', 'username'].map(
      (field) => [`${field}, which is not part of it`, { firstName: 'x', [field]: 'x' }, 'validation-failed'] as const,
    ),
  ] as const)('refuses %s, and changes nothing', async (_what, body, code) => {
    const id = (await roster.api.get('/users/me').set(as(admin)).expect(200)).body as { id: string };
    const before = (await get(id.id)).body as object;
    const answer = await patch(id.id, body).expect(400);
    expect(answer.body).toMatchObject({ code });
    expect((await get(id.id)).body).toEqual(before);
  });
});

describe('the answer to a change', () => {
  const profile = { firstName: 'Ada', bio: 'Two\nlines 👩‍💻', phone: '+442079460958' };
  it.each<[string, (id: string) => ReturnType<typeof patch>]>([
    ['of the profile', (id) => patch(id, profile)],
    ['of the profile that changes nothing', (id) => patch(id.toUpperCase(), { firstName: null })],
    [
      'of the username',
      (id) =>
        roster.api
          .put(`/users/${id}/username`)
          .set(as(admin))
          .send({ newUsername: `ada-${count}` }),
    ],
    ['of the role', (id) => setRole(id, 'MANAGER')],
    [
      'of the professional status',
      (id) => roster.api.put(`/users/${id}/professional-status`).set(as(admin)).send({ isProfessional: true }),
    ],
    ['by a suspension', (id) => act(id, 'suspend', { reason: null })],
  ])('%s is what a GET gives, with what is no event', async (_, change) => {
    const { id } = await join();
    // Operational columns, which no event has.
    await roster.database.query("UPDATE users SET locked_until = now() + interval '1 hour' WHERE id = $1", [id]);
    const answer = await change(id).expect(200);
    const { body, headers } = await get(id).expect(200);
    expect(answer.body).toEqual(body);
    expect(answer.headers['etag']).toBe(headers['etag']);
    const { lockedUntil, lastLoginAt } = body as { lockedUntil: unknown; lastLoginAt: unknown };
    expect([lockedUntil, lastLoginAt]).toEqual([expect.any(String), expect.any(String)]);
  });

  it('is the same for those who change themselves', async () => {
    const { id, token } = await join();
    const { body } = await patch(id, { nickname: 'countess' }, token).expect(200);
    expect(body).toEqual((await get(id, token).expect(200)).body);
  });
});

describe('a username', () => {
  it('must differ, be free and well-formed; the old one becomes free', async () => {
    const { id, token } = await join({ username: 'first-name' });
    const change = (newUsername: unknown) =>
      roster.api.put(`/users/${id}/username`).set(as(token)).send({ newUsername });
    await change('first-name').expect(400, /username-unchanged/);
    await change('ab').expect(400, /validation-failed/);
    await change('a@example.com').expect(400, /validation-failed/);
    await change('First-Name').expect(200);
    await join({ username: 'reserved' });
    await change('RESERVED').expect(409, /username-taken/);
    await change('second-name').expect(200);
    await join({ username: 'first-name' });
  });
});

describe('ETag and If-Match', () => {
  it('let one of two writers win; without them no field is lost', async () => {
    const { id } = await join();
    const read = await get(id).expect(200);
    const etag = read.headers['etag'] ?? '';
    expect(etag).toBe(`"${(read.body as { version: number }).version}"`);
    const answers = await Promise.all([
      patch(id, { firstName: 'One' }).set('if-match', etag),
      patch(id, { lastName: 'Two' }).set('if-match', etag),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    await Promise.all([patch(id, { nickname: 'n' }).expect(200), patch(id, { bio: 'b' }).expect(200)]);
    expect((await get(id)).body).toMatchObject({ nickname: 'n', bio: 'b' });
    await patch(id, { bio: 'c' }).set('if-match', '"1", *').expect(200);
    await patch(id, { bio: 'd' })
      .set('if-match', 'W/"1"')
      .expect(412, /precondition-failed/);
  });
});

describe('a suspension', () => {
  it('signs out at once and for good, keeps out, and is lifted only by a person', async () => {
    const { id, token } = await join();
    const email = `user${count}@example.com`;
    const suspended = await act(id, 'suspend', { reason: 'Spam.' }).expect(200);
    expect(suspended.body).toMatchObject({ status: 'SUSPENDED' });
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.api
      .post('/auth/login')
      .send({ identifier: email, password: PASSWORD })
      .expect(401, /invalid-credentials/);
    const again = await act(id, 'suspend').expect(200);
    expect((again.body as { version: number }).version).toBe((suspended.body as { version: number }).version);
    await act(id, 'reinstate').expect(200);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.signIn(email, PASSWORD);
  });
});

describe('a deletion', () => {
  it('hides, signs out, keeps address and username reserved, and can be undone by an admin', async () => {
    const { id, token } = await join({ username: 'leaving' });
    const email = `user${count}@example.com`;
    await roster.api.delete(`/users/${id}`).set(as(token)).expect(204);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await get(id).expect(404);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(404);
    await patch(id, { firstName: 'x' }).expect(404);
    await act(id, 'suspend').expect(404);
    await roster.api.post('/auth/login').send({ identifier: email, password: PASSWORD }).expect(401);
    await roster.api
      .post('/auth/register')
      .send({ email: 'other@example.com', password: PASSWORD, username: 'Leaving' })
      .expect(409);
    const manager = await join();
    await setRole(manager.id, 'MANAGER').expect(200);
    await get(id, manager.token).query({ includeDeleted: 'true' }).expect(403);
    const seen = await get(id).query({ includeDeleted: 'true' }).expect(200);
    expect(seen.body).toMatchObject({ status: 'DELETED' });
    const links = seen.body._links as Record<string, { href: string; method: string }>;
    expect(Object.keys(links)).toEqual(['self', 'history', 'restore', 'erase', 'export']);
    for (const { href, method } of Object.values(links)) {
      if (method === 'GET') await roster.api.get(href).set(as(admin)).expect(200);
    }

    await act(id, 'restore').expect(200);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.signIn(email, PASSWORD);
  });
});

describe('the last admin', () => {
  // Each act against each, once; test/soak/last-admin.test.ts goes round and round.
  it('stays, however two admins remove each other at the same moment', async () => {
    const one = { id: ((await roster.api.get('/users/me').set(as(admin))).body as { id: string }).id, token: admin };
    const two = await join();
    const active = async () =>
      roster.database.query<{ id: string }>(
        "SELECT id FROM users WHERE role = 'ADMIN' AND suspended_at IS NULL AND deleted_at IS NULL",
      );
    const ways = [
      (by: string, id: string) => setRole(id, 'AUTHENTICATED', by),
      (by: string, id: string) => act(id, 'suspend', {}, by),
      (by: string, id: string) => roster.api.delete(`/users/${id}`).set(as(by)),
    ];
    for (let round = 0; round < 9; round++) {
      await roster.database.query(
        "UPDATE users SET role = 'ADMIN', suspended_at = NULL, deleted_at = NULL WHERE id = $1 OR id = $2",
        [one.id, two.id],
      );
      await roster.database.query('UPDATE sessions SET ended_at = NULL');
      await Promise.all([ways[round % 3]!(one.token, two.id), ways[Math.floor(round / 3)]!(two.token, one.id)]);
      expect(await active()).toHaveLength(1);
    }
  });
});
