import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator, type RequestOptions } from '../support/authenticator.js';
import { type PasskeyOwner, PasskeyUsers } from '../support/passkeys.js';
import { ADMIN, PASSWORD, type Roster } from '../support/roster.js';
import { addTotp, ticketOf } from '../support/totp.js';
import { as, TwoRosters } from '../support/two-rosters.js';

let both: TwoRosters;
let roster: Roster;
let users: PasskeyUsers;
beforeAll(async () => {
  both = await TwoRosters.start();
  roster = both.one;
  users = new PasskeyUsers(roster);
});
afterAll(() => both.stop());

/** The ticket of a first step by password. */
async function firstStep({ email }: Pick<PasskeyOwner, 'email'>): Promise<string> {
  return ticketOf(await roster.api.post('/auth/login').send({ identifier: email, password: PASSWORD }));
}
const optionsFor = (token: string) => roster.api.post('/auth/passkey/options').send({ token });
const present = (token: string, assertion: object, at = roster) =>
  at.api.post('/auth/second-factor').send({ token, method: 'passkey', assertion });
const session = async (accessToken: unknown) =>
  (
    await roster.api
      .get('/auth/session')
      .set(as(String(accessToken)))
      .expect(200)
  ).body as { amr: string[]; acr: string };

describe('a passkey after the password', () => {
  it('is asked for by name, and a touch will do', async () => {
    const ada = await users.join('ada');
    const login = { identifier: ada.email, password: PASSWORD };
    const first = await roster.api.post('/auth/login').send(login).expect(403);
    expect(first.body).toMatchObject({ continueWith: { methods: ['passkey', 'recovery-code'] } });
    const token = ticketOf(first);
    const options = (await optionsFor(token).expect(200)).body as RequestOptions;
    expect(options).toMatchObject({
      userVerification: 'preferred',
      allowCredentials: [{ id: ada.device.credentials[0]!.id.toString('base64url'), transports: ['internal'] }],
    });
    const signedIn = await present(token, ada.device.get(options, { userVerified: false, userHandle: null })).expect(
      200,
    );
    expect(await session(signedIn.body.accessToken)).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'], acr: 'aal2' });
  });

  it('is refused for another user, another sign-in, another purpose, another host, and without a touch', async () => {
    const [bea, cia] = [await users.join('bea'), await users.join('cia')];
    const mine = async (token: string) => (await optionsFor(token).expect(200)).body as RequestOptions;
    const [token, other] = [await firstStep(bea), await firstStep(bea)];
    const ofCia = await firstStep(cia);
    const wrong = [
      cia.device.get(await mine(token)),
      bea.device.get(await mine(other)),
      bea.device.get(await users.optionsToSignIn()),
      bea.device.get(await mine(token), { rpId: 'evil.example' }),
    ];
    for (const assertion of wrong) {
      expect((await present(token, assertion).expect(403)).body).toMatchObject({ code: 'wrong-second-factor' });
    }
    await present(token, bea.device.get(await mine(token), { userPresent: false })).expect(403);
    // Five wrong ones: this sign-in is over, and there is a wait.
    await optionsFor(token).expect(410);
    await present(ofCia, bea.device.get(await mine(ofCia))).expect(403);
    await present(ofCia, cia.device.get(await mine(ofCia))).expect(200);
    await optionsFor('no.token').expect(410);
  });

  it('signs in once, of sixteen at once over two servers', async () => {
    const dan = await users.join('dan');
    const token = await firstStep(dan);
    const options = (await optionsFor(token).expect(200)).body as RequestOptions;
    const attempts = Array.from({ length: 16 }, async (_, index) => {
      const at = index % 2 === 0 ? both.one : both.other;
      return (await present(token, dan.device.get(options), at)).status;
    });
    const statuses = await Promise.all(attempts);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  it('is refused when its counter has gone back, and its owner is told', async () => {
    const eve = await users.join('eve', new Authenticator('http://localhost:3000', { counts: true }));
    const token = await firstStep(eve);
    const options = (await optionsFor(token).expect(200)).body as RequestOptions;
    await present(token, eve.device.get(options, { counter: 1 })).expect(403);
    await roster.inbox.about(eve.email, /passkey of your Roster account was refused/);
  });

  it('has options only for somebody who has one', async () => {
    const { token: accessToken } = await roster.join('fay@example.com');
    await roster.api.post('/auth/step-up/passkey-options').set(as(accessToken)).expect(404);
    await addTotp(roster, accessToken);
    await optionsFor(await firstStep({ email: 'fay@example.com' })).expect(404);
  });
});

describe('a passkey as a fresh proof', () => {
  it('steps up the session that asked for it, and no other', async () => {
    const gil = await users.join('gil');
    const first = await firstStep(gil);
    const options = (await optionsFor(first).expect(200)).body as RequestOptions;
    const elsewhere = await present(first, gil.device.get(options)).expect(200);
    const { accessToken } = elsewhere.body as { accessToken: string };
    const prove = (token: string, assertion: object) =>
      roster.api.post('/auth/step-up').set(as(token)).send({ method: 'passkey', assertion });
    const assertion = gil.device.get(await users.optionsToStepUp(accessToken));
    await prove(gil.token, assertion).expect(403);
    const fresh = await prove(accessToken, assertion).expect(200);
    expect(fresh.body).toMatchObject({ acr: 'aal2' });
    await prove(accessToken, assertion).expect(403);
  });

  it('is asked for before another passkey is added or one is removed', async () => {
    const hal = await users.join('hal');
    await roster.database.query(
      `UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = $1`,
      [hal.id],
    );
    const path = `/users/me/passkeys`;
    for (const call of [
      roster.api.post(`${path}/options`),
      roster.api.post(path).send({ credential: new Authenticator().create(MADE_UP) }),
      roster.api.delete(`${path}/${hal.passkeyId}`),
    ]) {
      expect((await call.set(as(hal.token)).expect(401)).body).toMatchObject({ code: 'step-up-required' });
    }
    const { accessToken } = await users.stepUp(hal);
    await roster.api.post(`${path}/options`).set(as(accessToken)).expect(200);
  });
});

const MADE_UP = { challenge: 'YQ', rp: { id: 'localhost' }, user: { id: 'YQ', name: 'x' } };

describe('the first passkey', () => {
  it('comes with recovery codes, which go with the last one', async () => {
    const { id, token } = await roster.join('ida@example.com');
    const device = new Authenticator();
    const first = await users.add({ id, token }, device.create(await users.optionsToAdd({ id, token }))).expect(201);
    expect((first.body as { recoveryCodes: string[] }).recoveryCodes).toHaveLength(10);
    const { accessToken } = await users.stepUp({ token, device });
    const owner = { id, token: accessToken };
    const second = await users.add(owner, new Authenticator().create(await users.optionsToAdd(owner))).expect(201);
    expect((second.body as { recoveryCodes: string[] }).recoveryCodes).toEqual([]);
    const left = async () =>
      (await roster.api.get(`/users/${id}/factors`).set(as(accessToken)).expect(200)).body as {
        items: { kind: string; label: string }[];
        recoveryCodesLeft: number;
      };
    expect((await left()).items.map(({ kind, label }) => `${kind}: ${label}`)).toEqual([
      'passkey: Chrome on Linux',
      'passkey: Chrome on Linux 2',
    ]);
    for (const { body } of [first, second]) {
      await roster.api
        .delete(`/users/me/passkeys/${(body as { id: string }).id}`)
        .set(as(accessToken))
        .expect(204);
    }
    expect(await left()).toEqual({ items: [], recoveryCodesLeft: 0 });
    await roster.api.post('/auth/login').send({ identifier: 'ida@example.com', password: PASSWORD }).expect(200);
  });

  it('signs its owner out everywhere when an admin removes it', async () => {
    const jon = await users.join('jon');
    const admin = await roster.signIn(ADMIN.email, ADMIN.password);
    await roster.api.delete(`/users/${jon.id}/passkeys/${jon.passkeyId}`).set(as(admin)).expect(204);
    await roster.api.get('/users/me').set(as(jon.token)).expect(401);
  });
});
