import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const REASON = 'Colleagues think that it was him.';

let roster: Roster;
let admin: string;
let manager: string;
const users: Record<string, { id: string; token: string }> = {};

beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  for (const name of ['manager', 'user']) users[name] = await roster.join(`${name}@example.com`);
  await roster.api.put(`/users/${users['manager']!.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
  for (const name of ['manager', 'user']) {
    const { id } = users[name]!;
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({ reason: REASON }).expect(200);
    await roster.api.post(`/users/${id}/reinstate`).set(as(admin)).expect(200);
    users[name] = { id, token: await roster.signIn(`${name}@example.com`, PASSWORD) };
  }
  manager = users['manager']!.token;
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const read = async (path: string, token: string): Promise<string> =>
  JSON.stringify((await roster.api.get(path).set(as(token)).expect(200)).body);

it.each(['user', 'manager'])(
  'is nothing that the suspended %s reads, in history, export or any other form',
  async (name) => {
    const { id, token } = users[name]!;
    const paths = [
      ...['/users/me', `/users/${id}`, `/users/${id}?version=3`, `/users/${id}/history`, `/users/${id}/export`],
      ...[`/users/${id}/history?type=user.suspended`, `/users/${id}/diff?from=1`, `/users/${id}/sign-ins`],
    ];
    for (const path of paths)
      expect({ path, text: await read(path, token) }).toEqual({ path, text: expect.not.stringContaining(REASON) });
    const { items } = JSON.parse(await read(`/users/${id}/history?type=user.suspended`, token)) as { items: object[] };
    expect(items).toMatchObject([{ summary: 'Suspended', data: { reason: null }, erased: false }]);
    for (const { text, email } of roster.inbox.to(`${name}@example.com`))
      expect(`${text} ${email.html}`).not.toContain(REASON);
  },
);

it('is told to colleagues: in the history to a MANAGER and an ADMIN, in the export and the feed to an ADMIN', async () => {
  const { id } = users['user']!;
  for (const token of [manager, admin])
    expect(await read(`/users/${id}/history`, token)).toContain(`Suspended: ${REASON}`);
  expect(await read(`/users/${id}/export`, admin)).toContain(REASON);
  expect(await read('/events?limit=100', admin)).toContain(REASON);
});
