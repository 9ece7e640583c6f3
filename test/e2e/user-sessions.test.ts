import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster } from '../support/roster.js';
import { as, idOf, type SignedIn, TwoRosters } from '../support/two-rosters.js';

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15';

let two: TwoRosters;
let roster: Roster;
let admin: { readonly id: string; readonly token: string };
let manager: { readonly id: string; readonly token: string };
beforeAll(async () => {
  two = await TwoRosters.start();
  roster = two.one;
  const token = await roster.signIn();
  const { body } = await roster.api.get('/users/me').set(as(token)).expect(200);
  admin = { id: body.id as string, token };
  manager = await roster.join('manager@example.com');
  await roster.api.put(`/users/${manager.id}/role`).set(as(token)).send({ role: 'MANAGER' }).expect(200);
});
afterAll(() => two.stop());

const list = (id: string, token: string) => roster.api.get(`/users/${id}/sessions`).set(as(token));
const end = (id: string, sessionId: string, token: string) =>
  roster.api.delete(`/users/${id}/sessions/${sessionId}`).set(as(token));
const endAll = (id: string, token: string) => roster.api.delete(`/users/${id}/sessions`).set(as(token));
const endings = (id: string) =>
  roster.database.query<{ session_id: string; reason: string; actor_id: string }>(
    "SELECT session_id, reason, actor_id FROM auth_events WHERE user_id = $1 AND type = 'session.ended' ORDER BY id",
    [id],
  );

/** Signed in on a phone and on a second device. */
async function onTwoDevices(name: string): Promise<{ id: string; phone: SignedIn; laptop: SignedIn }> {
  const laptop = await two.join(name);
  const phone = await two.login(`${name}@example.com`, { 'user-agent': PHONE });
  return { id: laptop.user.id, phone, laptop };
}

describe('the sessions of a user', () => {
  it('are listed for colleagues as for the user, who alone sees which one is asking', async () => {
    const { id, phone } = await onTwoDevices('listed');
    const own = await list(id, phone.accessToken).expect(200);
    expect(own.body.items[0]).toMatchObject({ id: idOf(phone), device: 'Safari on iOS', current: true });
    for (const { token } of [manager, admin]) {
      const seen = await list(id, token).expect(200);
      const items = own.body.items as { id: string }[];
      expect(seen.body.items).toEqual(items.map((item) => ({ ...item, current: false })));
    }
  });

  it('end one by one, on every server, and the evidence says who ended it', async () => {
    const { id, phone, laptop } = await onTwoDevices('lost-phone');
    await end(id, idOf(phone), manager.token).expect(204);
    await two.me(phone.accessToken).expect(401);
    await two.refresh(phone.refreshToken, two.other).expect(401);
    await two.me(laptop.accessToken).expect(200);
    expect(await endings(id)).toEqual([{ session_id: idOf(phone), reason: 'ended-by-staff', actor_id: manager.id }]);
    const again = await end(id, idOf(phone), manager.token).expect(404);
    expect(again.body).toMatchObject({ code: 'not-found' });
  });

  it('end all at once, and the user may sign in again', async () => {
    const { id, phone, laptop } = await onTwoDevices('everywhere');
    await endAll(id, admin.token).expect(204);
    for (const { accessToken, refreshToken } of [phone, laptop]) {
      await two.me(accessToken).expect(401);
      await two.refresh(refreshToken).expect(401);
    }
    const reasons = new Set((await endings(id)).map(({ reason, actor_id }) => `${reason} ${actor_id}`));
    expect(reasons).toEqual(new Set([`ended-by-staff ${admin.id}`]));
    await endAll(id, admin.token).expect(204);
    await two.me((await two.login('everywhere@example.com')).accessToken).expect(200);
  });

  it('of oneself end too, with the one that asks', async () => {
    const { id, phone, laptop } = await onTwoDevices('own');
    await end(id, idOf(laptop), phone.accessToken).expect(204);
    await two.me(laptop.accessToken).expect(401);
    await endAll(id, phone.accessToken).expect(204);
    await two.me(phone.accessToken).expect(401);
    expect(new Set((await endings(id)).map(({ reason }) => reason))).toEqual(
      new Set(['signed-out-elsewhere', 'signed-out-everywhere']),
    );
  });

  it('are those of this user alone: a session of somebody else, and what is no id, are not found', async () => {
    const [ada, eve] = [await onTwoDevices('ada'), await onTwoDevices('eve')];
    for (const sessionId of [idOf(eve.phone), 'nonsense', '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071']) {
      await end(ada.id, sessionId, admin.token).expect(404);
    }
    await two.me(eve.phone.accessToken).expect(200);
  });

  it('cannot outlive their end by a sign-in or a refresh that happens at the same moment', async () => {
    const { id, phone } = await onTwoDevices('racing');
    const email = 'racing@example.com';
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => {
        if (index % 4 === 0) return endAll(id, admin.token);
        if (index % 4 === 1) return two.refresh(phone.refreshToken, index % 8 === 1 ? two.one : two.other);
        return roster.api.post('/auth/login').send({ identifier: email, password: PASSWORD });
      }),
    );
    expect(answers.every(({ status }) => [200, 204, 401].includes(status))).toBe(true);
    await endAll(id, admin.token).expect(204);
    const tokens = answers.flatMap(({ body }) => (body as Partial<SignedIn>).accessToken ?? []);
    expect(tokens.length).toBeGreaterThan(0);
    for (const token of tokens) await two.me(token).expect(401);
    expect((await list(id, admin.token).expect(200)).body.items).toEqual([]);
  });

  it('stay when the user has another version than the caller has seen', async () => {
    const { id, phone } = await onTwoDevices('versioned');
    await endAll(id, admin.token).set('if-match', '"0"').expect(412);
    await two.me(phone.accessToken).expect(200);
  });
});
