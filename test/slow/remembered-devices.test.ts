import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp, freshCode, ticketOf } from '../support/totp.js';
import { as } from '../support/two-rosters.js';

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };
const NEW_PASSWORD = 'seven idle boats on slate water';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

interface Person {
  readonly id: string;
  readonly email: string;
  readonly secret: string;
  readonly token: string;
}

async function personWithApp(name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const { id, token } = await roster.join(email);
  return { id, email, token, secret: (await addTotp(roster, token)).secret };
}

const login = (email: string, choice: object = {}, headers: Record<string, string> = {}) =>
  roster.api
    .post('/auth/login')
    .set(headers)
    .send({ identifier: email, password: PASSWORD, ...choice });

const setCookies = (response: { readonly headers: object }): string[] =>
  [(response.headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
const cookieNamed = (name: string, response: { readonly headers: object }): string | undefined =>
  setCookies(response).find((cookie) => cookie.startsWith(`${name}=`));
const pairOf = (cookie: string | undefined): string => cookie?.split(';', 1)[0] ?? '';

/** Signs in with both factors and has the device remembered. @returns what the client keeps */
async function remember({ id, email, secret }: Person): Promise<{ rememberedDevice: string; accessToken: string }> {
  const first = await login(email);
  const code = await freshCode(roster, secret, id);
  const answer = await roster.api
    .post('/auth/second-factor')
    .send({ token: ticketOf(first), method: 'totp', code, rememberDevice: true })
    .expect(200);
  return answer.body as { rememberedDevice: string; accessToken: string };
}

/** The same in a browser with these cookies. @returns its cookies of remembered devices */
async function rememberIn(cookies: string, { id, email, secret }: Person): Promise<string> {
  const headers = { ...SAME_ORIGIN, cookie: cookies };
  const first = await login(email, { session: 'cookie' }, headers);
  const binding = pairOf(cookieNamed('roster-second-factor', first));
  const code = await freshCode(roster, secret, id);
  const answer = await roster.api
    .post('/auth/second-factor')
    .set({ ...SAME_ORIGIN, cookie: `${cookies}; ${binding}` })
    .send({ token: ticketOf(first), method: 'totp', code, rememberDevice: true, session: 'cookie' })
    .expect(200);
  expect(answer.body).not.toHaveProperty('rememberedDevice');
  const cookie = cookieNamed('roster-remembered-device', answer);
  expect(cookie).toMatch(/; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
  return pairOf(cookie);
}

const asksAgain = async (email: string, choice: object, headers: Record<string, string> = {}): Promise<void> => {
  const { body } = await login(email, choice, headers).expect(403);
  expect(body).toMatchObject({ code: 'second-factor-required' });
};

describe('a remembered device', () => {
  it('skips the second factor, never the first, and its sessions are aal1', async () => {
    const ada = await personWithApp('ada');
    const { rememberedDevice } = await remember(ada);
    const { body } = await login(ada.email, { rememberedDevice }).expect(200);
    const session = await roster.api
      .get('/auth/session')
      .set(as(body.accessToken as string))
      .expect(200);
    expect(session.body).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    await login(ada.email, { rememberedDevice, password: 'something else' }).expect(401);
    await asksAgain(ada.email, {});
    // By a mailed link as well.
    await roster.api.post('/auth/magic-link/request').send({ email: ada.email }).expect(202);
    const token = tokenIn(await roster.inbox.about(ada.email, /sign in/i));
    await roster.api.post('/auth/magic-link').send({ token, rememberedDevice }).expect(200);
    // Nothing in the database is worth as much.
    const rows = await roster.database.query('SELECT * FROM remembered_devices WHERE user_id = $1', [ada.id]);
    expect(JSON.stringify(rows)).not.toContain(rememberedDevice.split('.')[1]);
  });

  it('does not do for what takes a fresh second factor', async () => {
    const bea = await personWithApp('bea');
    const { rememberedDevice } = await remember(bea);
    const { body } = await login(bea.email, { rememberedDevice }).expect(200);
    const { accessToken } = body as { accessToken: string };
    const act = () => roster.api.get('/users/me/export').set(as(accessToken));
    const refused = await act().expect(401);
    expect(refused.headers['www-authenticate']).toContain('acr_values="aal2"');
    const stepUp = (proof: object) => roster.api.post('/auth/step-up').set(as(accessToken)).send(proof);
    // The password alone is no fresh proof.
    const byPassword = await stepUp({ method: 'password', password: PASSWORD }).expect(401);
    expect(byPassword.body).toMatchObject({ code: 'step-up-required' });
    const wrong = await stepUp({ method: 'totp', code: '000000' }).expect(403);
    expect(wrong.body).toMatchObject({ code: 'step-up-failed', errors: [{ path: 'code' }] });
    const code = await freshCode(roster, bea.secret, bea.id);
    const stepped = await stepUp({ method: 'totp', code }).expect(200);
    expect(stepped.body).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
    await act().expect(200);
    await stepUp({ method: 'totp', code }).expect(403);
  });

  it('is one of one user: it does nothing for another, nor does a forged or an expired one', async () => {
    const [cyd, dan] = [await personWithApp('cyd'), await personWithApp('dan')];
    const { rememberedDevice } = await remember(cyd);
    await asksAgain(dan.email, { rememberedDevice });
    const [id] = rememberedDevice.split('.');
    for (const forged of [`${id}.${'A'.repeat(43)}`, `${id}.`, id, '~~~', `x${rememberedDevice}`]) {
      await asksAgain(cyd.email, { rememberedDevice: forged });
    }
    await roster.database.query(
      "UPDATE remembered_devices SET expires_at = now() - interval '1 s' WHERE user_id = $1",
      [cyd.id],
    );
    await asksAgain(cyd.email, { rememberedDevice });
  });

  it('is listed, forgotten one by one or all together, and told by mail and in the evidence', async () => {
    const eve = await personWithApp('eve');
    const [one, two] = [await remember(eve), await remember(eve)];
    const told = () => roster.inbox.to(eve.email).filter(({ text }) => text.includes('A DEVICE IS REMEMBERED'));
    while (told().length < 2) await roster.inbox.waitFor(eve.email, roster.inbox.to(eve.email).length + 1);
    const list = async () =>
      (
        (await roster.api.get(`/users/${eve.id}/remembered-devices`).set(as(admin)).expect(200)).body as {
          items: { id: string }[];
        }
      ).items;
    const devices = await list();
    expect(devices).toHaveLength(2);
    expect(devices[0]).toMatchObject({
      ...{ ip: expect.any(String), expiresAt: expect.any(String) },
      _links: { forget: { href: `/users/${eve.id}/remembered-devices/${devices[0]!.id}`, method: 'DELETE' } },
    });
    const idOf = ({ rememberedDevice }: { rememberedDevice: string }) =>
      devices.find(({ id }) => rememberedDevice.startsWith(id.replaceAll('-', '')))?.id ?? '';
    const path = '/users/me/remembered-devices';
    await roster.api
      .delete(`${path}/${idOf(one)}`)
      .set(as(two.accessToken))
      .expect(204);
    await roster.api
      .delete(`${path}/${idOf(one)}`)
      .set(as(two.accessToken))
      .expect(404);
    await asksAgain(eve.email, { rememberedDevice: one.rememberedDevice });
    await login(eve.email, { rememberedDevice: two.rememberedDevice }).expect(200);
    const seen = await roster.api.get('/users/me/sign-ins').set(as(two.accessToken)).expect(200);
    const types = (seen.body.items as { type: string }[]).map(({ type }) => type);
    expect(types.filter((type) => type === 'device.remembered')).toHaveLength(2);
    const exported = await roster.api.get('/users/me/export').set(as(two.accessToken)).expect(200);
    expect(exported.body.data.rememberedDevices).toHaveLength(1);
    await roster.api.delete(path).set(as(two.accessToken)).expect(204);
    await asksAgain(eve.email, { rememberedDevice: two.rememberedDevice });
    expect(await list()).toEqual([]);
  });

  const endings: Record<string, (person: Person, accessToken: string) => Promise<unknown>> = {
    'a change of password': ({ id }, token) =>
      roster.api
        .put(`/users/${id}/password`)
        .set(as(token))
        .send({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD })
        .expect(204),
    'a new second factor': (_, token) => addTotp(roster, token),
    'an admin who removes the factors': ({ id }) =>
      roster.api.delete(`/users/${id}/factors`).set(as(admin)).expect(204),
    'a suspension': ({ id }) => roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200),
    'a deletion': ({ id }) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204),
    'an erasure': ({ id }) => roster.api.post(`/users/${id}/erase`).set(as(admin)).expect(204),
  };
  it.each(Object.keys(endings))('ends with %s', async (name) => {
    const person = await personWithApp(name.replaceAll(' ', '-'));
    const { accessToken } = await remember(person);
    const count = () => roster.database.query('SELECT 1 FROM remembered_devices WHERE user_id = $1', [person.id]);
    expect(await count()).toHaveLength(1);
    await endings[name]?.(person, accessToken);
    expect(await count()).toEqual([]);
  });

  it('is a cookie for several people in one browser, and a new one replaces one’s own', async () => {
    const [fay, gus] = [await personWithApp('fay'), await personWithApp('gus')];
    const first = await rememberIn('', fay);
    const both = await rememberIn(first, gus);
    expect(both.split('~')).toHaveLength(2);
    for (const { email } of [fay, gus]) {
      await login(email, { session: 'cookie' }, { ...SAME_ORIGIN, cookie: both }).expect(200);
    }
    // One forgotten by its owner.
    await roster.api.delete('/users/me/remembered-devices').set(as(gus.token)).expect(204);
    await asksAgain(gus.email, { session: 'cookie' }, { ...SAME_ORIGIN, cookie: both });
    await login(fay.email, { session: 'cookie' }, { ...SAME_ORIGIN, cookie: both }).expect(200);
    await roster.database.query('DELETE FROM remembered_devices WHERE user_id = $1', [fay.id]);
    const again = await rememberIn(first, fay);
    expect(again).not.toBe(first);
  });

  it('ends with a password that an operator resets', async () => {
    const ivy = await personWithApp('ivy');
    const { rememberedDevice } = await remember(ivy);
    // As the command does, whose process calls no handlers.
    await roster.database.query('UPDATE password_credentials SET changed_at = now() WHERE user_id = $1', [ivy.id]);
    await asksAgain(ivy.email, { rememberedDevice });
  });

  it('is one of twenty at most', async () => {
    const hal = await personWithApp('hal');
    await roster.database.query(
      `INSERT INTO remembered_devices (id, user_id, key_id, nonce, last_used_at, expires_at)
       SELECT gen_random_uuid(), $1, 'gone', '\\x00', now() - interval '1 h', now() + interval '1 d'
       FROM generate_series(1, 25)`,
      [hal.id],
    );
    await remember(hal);
    const rows = await roster.database.query('SELECT 1 FROM remembered_devices WHERE user_id = $1', [hal.id]);
    expect(rows).toHaveLength(20);
  });
});
