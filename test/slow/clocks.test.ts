import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '../../src/config/clock.js';
import { Keyring } from '../../src/database/keyring.js';
import { ADMIN, type Roster } from '../support/roster.js';
import { as, TwoRosters } from '../support/two-rosters.js';

let rosters: TwoRosters;
beforeAll(async () => void (rosters = await TwoRosters.start()));
afterAll(() => rosters.stop());

type Claims = Record<'iat' | 'nbf' | 'exp' | 'jti' | 'client_id' | 'iss' | 'aud' | 'sub', unknown>;
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
const seconds = () => Math.floor(Date.now() / 1000);

/** What a server does whose clock is wrong. */
async function whileAhead<T>({ app }: Roster, ahead: number, work: () => Promise<T>): Promise<T> {
  const clock = app.get(Clock, { strict: false });
  const now = clock.now.bind(clock);
  clock.now = () => new Date(now().getTime() + ahead * 1000);
  try {
    return await work();
  } finally {
    clock.now = now;
  }
}

describe('two servers whose clocks differ', () => {
  it.each([1, 5, 29])(
    'take the tokens of each other, also to sign out, when one is %d seconds ahead',
    async (ahead) => {
      const { one, other } = rosters;
      const token = await whileAhead(one, ahead, () => one.signIn());
      expect(Number(claimsOf(token).iat)).toBeGreaterThanOrEqual(seconds() + ahead - 2);
      await rosters.me(token, other).expect(200);
      const asked = await other.api
        .post('/auth/introspect')
        .set(as(await one.signIn()))
        .send({ token })
        .expect(200);
      expect(asked.body).toMatchObject({ active: true, jti: claimsOf(token).jti, client_id: 'roster' });
      await other.api.post('/auth/logout').set(as(token)).expect(204);
      await rosters.me(token, other).expect(401);
    },
  );

  it('take a token that names the very second in which another server signed it', async () => {
    const token = await rosters.one.signIn();
    await rosters.me(forge(token, { nbf: seconds() + 2, iat: seconds() + 2 })).expect(200);
    await rosters.me(forge(token, { nbf: seconds() + 62 })).expect(401);
  });

  it('let nobody have a token for longer', async () => {
    const token = await rosters.one.signIn();
    await rosters.me(token).expect(200);
    await rosters.me(forge(token, { exp: seconds() - 1 })).expect(401);
    await whileAhead(rosters.other, 901, async () => rosters.me(token, rosters.other).expect(401));
  });
});

describe('an access token', () => {
  it('has every claim that RFC 9068 asks for, and an id of its own', async () => {
    const [token, next] = [await rosters.one.signIn(ADMIN.email), await rosters.one.signIn(ADMIN.email)];
    const claims = claimsOf(token);
    expect(claims).toEqual({
      iss: 'http://localhost:3000',
      aud: 'http://localhost:3000',
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      client_id: 'roster',
      role: 'ADMIN',
      epoch: expect.any(Number),
      acr: 'aal1',
      amr: ['pwd'],
      auth_time: expect.any(Number),
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: expect.any(Number),
      nbf: Number(claims.iat) - 30,
      exp: Number(claims.iat) + 900,
    });
    expect(claimsOf(next).jti).not.toBe(claims.jti);
  });
});

/** A token as a server of the release before signed it. */
function forge(token: string, claims: Partial<Claims>): string {
  const { secret } = rosters.one.app.get(Keyring, { strict: false }).current('access-token');
  const key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  const payload = Buffer.from(JSON.stringify({ ...claimsOf(token), jti: randomUUID(), ...claims }));
  const body = `${token.split('.')[0] ?? ''}.${payload.toString('base64url')}`;
  return `${body}.${sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
