import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Challenges } from '../../src/auth/passkeys/challenges.js';
import { Transactions } from '../../src/database/transaction.js';
import { Authenticator, type Lies, type RequestOptions } from '../support/authenticator.js';
import { LIES, PasskeyUsers } from '../support/passkeys.js';
import { ADMIN, PASSWORD, type Roster } from '../support/roster.js';
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

describe('a sign-in by passkey', () => {
  it.each<[string, Lies]>([...LIES, ['the making of a passkey', { type: 'webauthn.create' }]])(
    'is refused: %s',
    async (_what, lies) => {
      const { device } = await users.person('gil');
      const { body } = await users.signIn(device.get(await users.optionsToSignIn(), lies)).expect(401);
      expect(body).toMatchObject({ code: 'invalid-credentials' });
    },
  );

  it('is refused, in the same words, with another signature, user or key, and for a suspended or deleted account', async () => {
    const [ina, jon] = [await users.person('ina'), await users.person('jon')];
    const admin = await roster.signIn(ADMIN.email, ADMIN.password);
    const genuine = ina.device.get(await users.optionsToSignIn());
    const { signature, authenticatorData } = genuine.response;
    const flipped = Buffer.from(signature, 'base64url');
    flipped[12]! ^= 1;
    const forged = { ...genuine, response: { ...genuine.response, signature: flipped.toString('base64url') } };
    const jonsKey = jon.device.get(await users.optionsToSignIn());
    const attempts = [
      forged,
      { ...jonsKey, id: genuine.id, rawId: genuine.id },
      { ...genuine, response: { ...genuine.response, authenticatorData: authenticatorData.slice(0, -4) } },
      ina.device.get(await users.optionsToSignIn(), { userHandle: jon.device.credentials[0]!.userHandle }),
      ina.device.get(await users.optionsToSignIn(), { userHandle: null }),
      ina.device.get(await users.optionsToSignIn(), { backupEligible: true }),
      new Authenticator().get(
        await users.optionsToSignIn(),
        {},
        { ...ina.device.credentials[0]!, id: Buffer.alloc(32) },
      ),
    ];
    const answers = [];
    for (const assertion of attempts)
      answers.push((await users.signIn(assertion).expect(401)).body as { detail: string });
    const suspend = `/users/${jon.id}/suspend`;
    await roster.api.post(suspend).set(as(admin)).send({}).expect(200);
    answers.push(
      (await users.signIn(jon.device.get(await users.optionsToSignIn())).expect(401)).body as { detail: string },
    );
    await roster.api.delete(`/users/${jon.id}`).set(as(admin)).expect(204);
    answers.push(
      (await users.signIn(jon.device.get(await users.optionsToSignIn())).expect(401)).body as { detail: string },
    );
    expect(new Set(answers.map(({ detail }) => detail)).size).toBe(1);
    await users.signIn(ina.device.get(await users.optionsToSignIn())).expect(200);
  });

  it('works once per challenge, of sixteen at once over two servers', async () => {
    const { device } = await users.person('kim');
    const options = await users.optionsToSignIn();
    const attempts = Array.from({ length: 16 }, async (_, index) => {
      const at = index % 2 === 0 ? both.one : both.other;
      return (await users.signIn(device.get(options), {}, at)).status;
    });
    const statuses = await Promise.all(attempts);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(15);
  });

  it('is refused after five minutes, and the challenge is forgotten', async () => {
    const { device } = await users.person('kim');
    const options = await users.optionsToSignIn();
    await roster.database.query(`UPDATE passkey_challenges SET expires_at = expires_at - interval '5 minutes'`);
    await users.signIn(device.get(options)).expect(401);
    await roster.app.get(Challenges, { strict: false }).forgetExpired();
    expect(await roster.database.query('SELECT FROM passkey_challenges')).toHaveLength(0);
  });

  it('uses up the challenge even when it fails', async () => {
    const { device } = await users.person('kim');
    const options = await users.optionsToSignIn();
    await users.signIn(device.get(options, { userVerified: false })).expect(401);
    await users.signIn(device.get(options)).expect(401);
  });

  it('belongs to the browser that asked, where there is one', async () => {
    const { device } = await users.person('kim');
    const page = { 'sec-fetch-site': 'same-origin' };
    const asked = await roster.api.post('/auth/passkey/options').set(page).expect(200);
    const set = String(asked.headers['set-cookie']);
    expect(set).toMatch(/^roster-passkey=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const cookie = set.split(';')[0]!;
    const other = String((await roster.api.post('/auth/passkey/options').set(page).expect(200)).headers['set-cookie']);
    const assertion = device.get(asked.body as RequestOptions);
    for (const foreign of [{}, { cookie: other.split(';')[0]! }, { cookie: `${cookie}; ${cookie}` }]) {
      await users.signIn(assertion).set(foreign).expect(401);
    }
    // Another tab keeps the cookie, so that both go on.
    const tab = await roster.api
      .post('/auth/passkey/options')
      .set({ ...page, cookie })
      .expect(200);
    expect(tab.headers).not.toHaveProperty('set-cookie');
    await users.signIn(assertion).set({ cookie }).expect(200);
    await users
      .signIn(device.get(tab.body as RequestOptions))
      .set({ cookie })
      .expect(200);
  });

  it('with a cookie is refused from another site', async () => {
    const { device } = await users.person('kim');
    const assertion = device.get(await users.optionsToSignIn());
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const { body } = await users.signIn(assertion, { session: 'cookie' }).set(foreign).expect(403);
    expect(body).toMatchObject({ code: 'cross-site-request' });
  });

  it('is refused when the counter has gone back or stands still, and its owner is told', async () => {
    const lea = await users.join('lea', new Authenticator('http://localhost:3000', { counts: true }));
    await users.signIn(lea.device.get(await users.optionsToSignIn(), { counter: 7 })).expect(200);
    // Not with a wrong signature: anybody could have mails sent.
    const wrong = lea.device.get(await users.optionsToSignIn(), { counter: 3 });
    const zeros = Buffer.alloc(70).toString('base64url');
    await users.signIn({ ...wrong, response: { ...wrong.response, signature: zeros } }).expect(401);
    for (const counter of [7, 3, 0]) {
      await users.signIn(lea.device.get(await users.optionsToSignIn(), { counter })).expect(401);
    }
    await roster.inbox.about(lea.email, /passkey of your Roster account was refused/);
    const { body } = await roster.api.get(`/users/${lea.id}/sign-ins`).set(as(lea.token)).expect(200);
    const types = (body as { items: { type: string; reason: string }[] }).items.map((item) => item.type);
    expect(types.filter((type) => type === 'passkey.copy_suspected')).toHaveLength(3);
    await users.signIn(lea.device.get(await users.optionsToSignIn(), { counter: 8 })).expect(200);
  });

  it('is not refused by a lock after wrong passwords, does not end it, and its failures lock nothing', async () => {
    const mia = await users.join('mia');
    const wrong = { identifier: mia.email, password: 'not that one, I am afraid' };
    for (let count = 0; count < 5; count += 1) await roster.api.post('/auth/login').send(wrong).expect(401);
    const login = () => roster.api.post('/auth/login').send({ identifier: mia.email, password: PASSWORD });
    await login().expect(401);
    await users.signIn(mia.device.get(await users.optionsToSignIn())).expect(200);
    await login().expect(401);

    const ned = await users.join('ned');
    for (let count = 0; count < 8; count += 1) {
      await users.signIn(ned.device.get(await users.optionsToSignIn(), { userVerified: false })).expect(401);
    }
    expect(await roster.database.query('SELECT FROM lockouts WHERE user_id = $1', [ned.id])).toHaveLength(0);
  });

  it.each<[string, (given: { response: Record<string, unknown> } & Record<string, unknown>) => unknown]>([
    ['no object', () => 'assertion'],
    ['a list', () => []],
    ['no response', ({ response: _, ...rest }) => rest],
    ['another type', (given) => ({ ...given, type: 'password' })],
    ['base64 with padding', (given) => ({ ...given, id: `${String(given['id'])}=` })],
    ['base64 with + and /', (given) => ({ ...given, response: { ...given.response, signature: 'a+b/' } })],
    ['an id that is too long', (given) => ({ ...given, id: 'a'.repeat(1365), rawId: 'a'.repeat(1365) })],
    ['client data that is too long', (given) => withResponse(given, 'clientDataJSON', 4097)],
    ['authenticator data that is too long', (given) => withResponse(given, 'authenticatorData', 2049)],
    ['a signature that is too long', (given) => withResponse(given, 'signature', 4097)],
    ['a user handle that is too long', (given) => withResponse(given, 'userHandle', 89)],
    ['a number for a signature', (given) => ({ ...given, response: { ...given.response, signature: 7 } })],
  ])('is refused in form: %s', async (_what, spoil) => {
    const { device } = await users.person('kim');
    const { body } = await users.signIn(spoil(device.get(await users.optionsToSignIn())) as object).expect(400);
    expect(body).toMatchObject({ code: 'validation-failed' });
  });

  it.each(['bnVsbA', 'e30', 'W10', '_w', 'eyJjaGFsbGVuZ2UiOjd9'])(
    'is refused with client data that says nothing (%s)',
    async (clientDataJSON) => {
      const { device } = await users.person('kim');
      const given = device.get(await users.optionsToSignIn());
      await users.signIn({ ...given, response: { ...given.response, clientDataJSON } }).expect(401);
    },
  );

  it('is not offered for another host, and is a second factor still: a recovery code stands in for it', async () => {
    const olga = await users.join('olga');
    const { accessToken } = (await users.signInWith(olga.device)).body as { accessToken: string };
    await roster.api.post(`/users/${olga.id}/recovery-codes`).set(as(accessToken)).expect(200);
    await roster.database.query(`UPDATE passkeys SET rp_id = 'old.example' WHERE user_id = $1`, [olga.id]);
    const { body } = await roster.api.get(`/users/${olga.id}/methods`).set(as(olga.token)).expect(200);
    expect((body as { items: { id: string }[] }).items.map(({ id }) => id)).toEqual(['password', 'magic-link']);
    await users.signIn(olga.device.get(await users.optionsToSignIn())).expect(401);
    const first = await roster.api.post('/auth/login').send({ identifier: olga.email, password: PASSWORD }).expect(403);
    expect(first.body).toMatchObject({ continueWith: { methods: ['recovery-code'] } });
  });
});

function withResponse(given: { response: Record<string, unknown> }, name: string, length: number): unknown {
  return { ...given, response: { ...given.response, [name]: 'a'.repeat(length) } };
}

it('keeps no challenge that could be signed', async () => {
  const { challenge } = await users.optionsToSignIn();
  const rows = await roster.app
    .get(Transactions, { strict: false })
    .run((tx) => tx.query<object[]>('SELECT * FROM passkey_challenges'));
  expect(JSON.stringify(rows)).not.toContain(JSON.stringify(Buffer.from(challenge, 'base64url')).slice(20, 100));
});
