import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator, type Lies } from '../support/authenticator.js';
import { tokenIn } from '../support/inbox.js';
import { LIES, type PasskeyOwner, PasskeyUsers } from '../support/passkeys.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp } from '../support/totp.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
let users: PasskeyUsers;
beforeAll(async () => {
  roster = await startRoster();
  users = new PasskeyUsers(roster);
});
afterAll(() => roster.stop());

const list = async ({ id, token }: PasskeyOwner) =>
  (await roster.api.get(`/users/${id}/passkeys`).set(as(token)).expect(200)).body as {
    items: { id: string; name: string; lastUsedAt: string | null; backedUp: boolean }[];
  };

describe('a passkey', () => {
  it('is asked for as this host needs it, and tells authenticators no id of the user', async () => {
    const { id, token } = await roster.join('asked@example.com', { firstName: 'Ada', lastName: 'Lovelace' });
    const options = await users.optionsToAdd({ id, token });
    expect(options).toMatchObject({
      rp: { id: 'localhost', name: 'Roster' },
      user: { name: 'asked@example.com', displayName: 'Ada Lovelace' },
      attestation: 'none',
      timeout: 300_000,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [],
    });
    const handle = Buffer.from(options.user.id, 'base64url');
    expect(handle).toHaveLength(32);
    expect(handle.toString('hex')).not.toContain(id.replaceAll('-', ''));
    const again = await users.optionsToAdd({ id, token });
    expect(again.user.id).toBe(options.user.id);
    expect(again.challenge).not.toBe(options.challenge);
  });

  it('is named after the browser that made it, listed, renamed, and shown in the history and the export', async () => {
    const ada = await users.join('ada');
    const options = await users.optionsToAdd(ada);
    expect(options.excludeCredentials?.map(({ id }) => id)).toEqual([
      ada.device.credentials[0]!.id.toString('base64url'),
    ]);
    const second = await users
      .add(ada, new Authenticator('http://localhost:3000', { synced: true }).create(options), {
        name: ' Phone ',
      })
      .expect(201);
    expect(second.body).toMatchObject({ name: 'Phone', backedUp: true, lastUsedAt: null, transports: ['internal'] });
    await users.add(ada, new Authenticator().create(await users.optionsToAdd(ada))).expect(201);
    const names = async () => (await list(ada)).items.map(({ name }) => name);
    expect(await names()).toEqual(['Chrome on Linux', 'Phone', 'Chrome on Linux 2']);

    const location = String(second.headers['location']);
    await roster.api.patch(location).set(as(ada.token)).send({ name: 'Old phone' }).expect(200);
    expect(await names()).toEqual(['Chrome on Linux', 'Old phone', 'Chrome on Linux 2']);
    for (const name of ['', ' ', 'a\nb', null, 'x'.repeat(51)]) {
      await roster.api.patch(location).set(as(ada.token)).send({ name }).expect(400);
    }
    const exported = await roster.api.get(`/users/${ada.id}/export`).set(as(ada.token)).expect(200);
    expect((exported.body as { data: { passkeys: { name: string }[] } }).data.passkeys.map(({ name }) => name)).toEqual(
      await names(),
    );
    const history = await roster.api.get(`/users/${ada.id}/history?limit=1`).set(as(ada.token)).expect(200);
    expect(history.text).toContain('Way to sign in added: passkey, Chrome on Linux 2');
    const [row] = await roster.database.query<{ name: Buffer }>('SELECT name FROM passkeys WHERE id = $1', [
      (second.body as { id: string }).id,
    ]);
    expect(row!.name.toString('latin1')).not.toContain('phone');
  });

  it('signs in as two factors, and tells when it was used last', async () => {
    const bea = await users.join('bea');
    const signedIn = await users.signIn(bea.device.get(await users.optionsToSignIn())).expect(200);
    const { accessToken } = signedIn.body as { accessToken: string };
    expect(signedIn.body).toMatchObject({ user: { id: bea.id }, tokenType: 'Bearer' });
    const session = await roster.api.get('/auth/session').set(as(accessToken)).expect(200);
    expect((session.body as { amr: string[] }).amr).toEqual(['hwk', 'user', 'mfa']);
    expect((await list(bea)).items[0]!.lastUsedAt).not.toBeNull();
    const evidence = await roster.api.get(`/users/${bea.id}/sign-ins`).set(as(accessToken)).expect(200);
    expect((evidence.body as { items: object[] }).items[0]).toMatchObject({
      type: 'login.succeeded',
      method: 'passkey',
    });

    const synced = await users.join('synced', new Authenticator('http://localhost:3000', { synced: true }));
    const other = await users
      .signIn(synced.device.get(await users.optionsToSignIn()), { session: 'cookie' })
      .expect(200);
    expect(other.body).not.toHaveProperty('accessToken');
    const cookie = (other.headers['set-cookie'] as unknown as string[]).map((one) => one.split(';')[0]).join('; ');
    const current = await roster.api.get('/auth/session').set({ cookie }).expect(200);
    expect((current.body as { amr: string[] }).amr).toEqual(['swk', 'user', 'mfa']);
  });

  it('is removed by its owner or an admin, and not while it is the last way in', async () => {
    const cia = await users.join('cia');
    const path = `/users/${cia.id}/passkeys/${cia.passkeyId}`;
    await roster.database.query('UPDATE users SET email_verified = false WHERE id = $1', [cia.id]);
    await roster.api.delete(`/users/${cia.id}/methods/password`).set(as(cia.token)).expect(204);
    expect((await roster.api.delete(path).set(as(cia.token)).expect(409)).body).toMatchObject({
      code: 'sign-in-method-stays',
    });
    expect((await list(cia)).items).toHaveLength(1);
    await roster.database.query('UPDATE users SET email_verified = true WHERE id = $1', [cia.id]);
    const admin = await roster.signIn(ADMIN.email, ADMIN.password);
    await roster.api.delete(path).set(as(admin)).expect(204);
    // By an admin: its owner is signed out, and the last proof that could sign in is gone.
    await roster.api.delete(path).set(as(admin)).expect(404);
    await users.signIn(cia.device.get(await users.optionsToSignIn())).expect(401);
  });

  it('that an admin removes as a way in ends the sessions of the user; each is an event with its name', async () => {
    const ivy = await users.join('ivy');
    const options = await users.optionsToAdd(ivy);
    await users.add(ivy, new Authenticator().create(options), { name: 'Phone' }).expect(201);
    const admin = await roster.signIn();
    await roster.api.delete(`/users/${ivy.id}/methods/passkey`).set(as(admin)).expect(204);
    await roster.api.get('/users/me').set(as(ivy.token)).expect(401);
    const { body } = await roster.api.get(`/users/${ivy.id}/history`).set(as(admin)).expect(200);
    const removed = (body as { items: { type: string; data: object }[] }).items
      .filter(({ type }) => type === 'user.authenticator_removed')
      .map(({ data }) => data);
    expect(removed).toHaveLength(2);
    expect(removed).toContainEqual({ kind: 'passkey', label: 'Phone' });
  });

  it('that is the only way in is not taken by an admin who removes all factors', async () => {
    const admin = await roster.signIn();
    const created = await roster.api
      .post('/users')
      .set(as(admin))
      .send({ username: 'kim', password: PASSWORD })
      .expect(201);
    const { id } = created.body as { id: string };
    const kim = { id, token: await roster.signIn('kim', PASSWORD) };
    const device = new Authenticator();
    await users.add(kim, device.create(await users.optionsToAdd(kim))).expect(201);
    await roster.api.delete('/users/me/methods/password').set(as(kim.token)).expect(204);
    await roster.api
      .delete(`/users/${id}/factors`)
      .set(as(admin))
      .expect(409, /sign-in-method-stays/);
    expect((await users.signInWith(device)).status).toBe(200);
  });

  it('takes the recovery codes along when it was the last factor, however it is removed', async () => {
    const jan = await users.join('jan');
    const { body } = await users.signInWith(jan.device);
    const token = (body as { accessToken: string }).accessToken;
    await addTotp(roster, token);
    const codesOf = async () =>
      roster.database.query('SELECT FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL', [jan.id]);
    await roster.api.delete('/users/me/totp').set(as(token)).expect(204);
    expect(await codesOf()).toHaveLength(10);
    await roster.api.delete('/users/me/methods/passkey').set(as(token)).expect(204);
    expect(await codesOf()).toHaveLength(0);
  });

  it.each(['magic link', 'password reset'])(
    'and every other factor of before goes when the address is first proved: by %s',
    async (way) => {
      const email = `made-${way.replace(' ', '-')}@example.com`;
      const created = await roster.api
        .post('/users')
        .set(as(await roster.signIn()))
        .send({ email, password: PASSWORD })
        .expect(201);
      const id = (created.body as { id: string }).id;
      // The creator of the account knows its password.
      const maker = { id, token: await roster.signIn(email, PASSWORD) };
      await addTotp(roster, maker.token);
      const device = new Authenticator();
      await users.add(maker, device.create(await users.optionsToAdd(maker))).expect(201);
      const path = way === 'magic link' ? '/auth/magic-link/request' : '/auth/request-password-reset';
      await roster.api.post(path).send({ email }).expect(202);
      const mail = await roster.inbox.about(email, way === 'magic link' ? /sign in/i : /password/i);
      const token = tokenIn(mail);
      if (way === 'magic link') await roster.api.post('/auth/magic-link').send({ token }).expect(200);
      else {
        await roster.api
          .post('/auth/reset-password')
          .send({ token, newPassword: `${PASSWORD}!` })
          .expect(204);
        await roster.signIn(email, `${PASSWORD}!`);
      }
      expect((await users.signInWith(device)).status).toBe(401);
      const types = await roster.database.query(
        "SELECT FROM user_events WHERE user_id = $1 AND type = 'user.authenticator_removed' AND data ->> 'kind' <> 'password'",
        [id],
      );
      expect(types).toHaveLength(2);
    },
  );

  it('is gone with the person', async () => {
    const fay = await users.join('fay');
    await roster.api
      .post(`/users/${fay.id}/erase`)
      .set(as(await roster.signIn(ADMIN.email, ADMIN.password)))
      .expect(204);
    expect(await roster.database.query('SELECT FROM passkeys WHERE user_id = $1', [fay.id])).toHaveLength(0);
  });
});

describe('a new passkey that is not as was asked for', () => {
  it.each<[string, Lies]>([
    ...LIES,
    ['an algorithm that was not offered', { algorithm: -65535 }],
    [
      'certificates',
      { attestation: { fmt: 'packed', statement: new Map<string, Buffer[]>([['x5c', [Buffer.from('certificate')]]]) } },
    ],
    ['another attestation', { attestation: { fmt: 'android-safetynet', statement: new Map() } }],
  ])('is refused: %s', async (_what, lies) => {
    const gil = await users.person('gil');
    const { body } = await users.add(gil, new Authenticator().create(await users.optionsToAdd(gil), lies)).expect(400);
    expect(body).toMatchObject({ code: 'invalid-passkey' });
  });

  it('is refused with the options of another user, another session or another purpose, and a second time', async () => {
    const [gil, hal] = [await users.person('gil'), await users.person('hal')];
    const device = new Authenticator();
    const credential = device.create(await users.optionsToAdd(gil));
    await users.add(hal, credential).expect(400);
    const elsewhere = await users.signInWith(gil.device);
    await users.add({ ...gil, token: String(elsewhere.body.accessToken) }, credential).expect(400);
    const { challenge } = await users.optionsToSignIn();
    await users.add(gil, device.create(await users.optionsToAdd(gil), { challenge })).expect(400);
    // None of these used it up.
    await users.add(gil, credential).expect(201);
    await users.add(gil, credential).expect(400);
  });

  it('is refused when its id is another than the authenticator says', async () => {
    const gil = await users.person('gil');
    const credential = new Authenticator().create(await users.optionsToAdd(gil));
    await users.add(gil, { ...credential, id: 'b3RoZXI', rawId: 'b3RoZXI' }).expect(400);
  });
});
