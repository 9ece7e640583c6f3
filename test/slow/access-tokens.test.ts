import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Keyring } from '../../src/database/keyring.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const me = (token: string) => roster.api.get('/users/me').set({ authorization: `Bearer ${token}` });

describe('an access token', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  const keyring = () => roster.app.get(Keyring, { strict: false });
  const foreign = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  function withHmac(token: string): string {
    const { alg: _, ...header } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as {
      alg: string;
    };
    const body = `${encode({ ...header, alg: 'HS256' })}.${token.split('.')[1]!}`;
    const pem = createPublicKey(ownKey()).export({ format: 'pem', type: 'spki' });
    return `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`;
  }

  function withOwnJwk(token: string): string {
    const key = foreign();
    return forge(token, { kid: 'evil', jwk: createPublicKey(key).export({ format: 'jwk' }) }, {}, key);
  }

  function forge(
    token: string,
    header: object,
    claims: object,
    key = ownKey(),
    dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363',
  ): string {
    const [oldHeader = '', oldClaims = ''] = token.split('.');
    const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
    const body = `${encode({ ...parse(oldHeader), ...header })}.${encode({ ...parse(oldClaims), ...claims })}`;
    return `${body}.${sign('sha256', Buffer.from(body), { key, dsaEncoding }).toString('base64url')}`;
  }

  function ownKey() {
    const { secret } = keyring().current('access-token');
    return createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  }

  it('is good only as it was signed: algorithm, key, type, issuer, audience and time (RFC 8725)', async () => {
    const now = Math.floor(Date.now() / 1000);
    await me(forge(admin, {}, {})).expect(200);
    const [header = '', claims = ''] = admin.split('.');
    const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${claims}.`;
    const bad: [string, string][] = [
      ['alg none', unsigned],
      ['no signature', `${header}.${claims}.`],
      ['a foreign key', forge(admin, {}, {}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
      ['an unknown kid', forge(admin, { kid: 'ffffffffffffffff' }, {})],
      ['a kid that is a path', forge(admin, { kid: '../../dev/null' }, {})],
      ['another type', forge(admin, { typ: 'JWT' }, {})],
      ['HS256 in the header', forge(admin, { alg: 'HS256' }, {})],
      ['another issuer', forge(admin, {}, { iss: 'https://elsewhere.example' })],
      ['another audience', forge(admin, {}, { aud: 'https://elsewhere.example' })],
      ['expired', forge(admin, {}, { exp: now - 1 })],
      ['not yet', forge(admin, {}, { nbf: now + 60 })],
      ['another user', forge(admin, {}, { sub: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })],
      ['another session', forge(admin, {}, { sid: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071' })],
      ['a session that is none', forge(admin, {}, { sid: { $ne: null } })],
      ['HS256 with the public key', withHmac(admin)],
      ['a key of its own in the header', withOwnJwk(admin)],
      ['a key at an address', forge(admin, { jku: 'https://evil.example/jwks', kid: 'evil' }, {}, foreign())],
      ['a certificate at an address', forge(admin, { x5u: 'https://evil.example/x', kid: 'evil' }, {}, foreign())],
      ['no kid', forge(admin, { kid: undefined }, {})],
      ['a kid that is SQL', forge(admin, { kid: "' OR 1=1 --" }, {}, foreign())],
      ['a kid that is no text', forge(admin, { kid: ['x'] }, {})],
      ['the kid of a key for something else', forge(admin, { kid: keyring().current('refresh-token').id }, {})],
      ['no exp', forge(admin, {}, { exp: undefined })],
      ['no nbf', forge(admin, {}, { nbf: undefined })],
      ['no iss', forge(admin, {}, { iss: undefined })],
      ['no aud', forge(admin, {}, { aud: undefined })],
      ['an exp that is a text', forge(admin, {}, { exp: String(now + 900) })],
      ['no session', forge(admin, {}, { sid: undefined })],
      ['a signature in DER', forge(admin, {}, {}, ownKey(), 'der')],
      ['a part more', `${admin}.x`],
      ['the same with a byte of the signature changed', admin.replace(/.(?=.{10}$)/, (c) => (c === 'A' ? 'B' : 'A'))],
    ];
    for (const [what, token] of bad) {
      const { status, body } = await me(token);
      expect({ what, status, code: body.code }).toEqual({ what, status: 401, code: 'not-authenticated' });
    }
  });

  it('expires also where it was found good before', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const token = forge(admin, {}, { exp });
    await me(token).expect(200);
    await sleep(exp * 1000 - Date.now() + 1);
    await me(token).expect(401);
  });

  it('ends with its session, and with the suspension or deletion of its user, by whatever server that was written to the database', async () => {
    const { id, token } = await roster.join('ended@example.com');
    const set = async (sql: string) => {
      await roster.database.query(`${sql} WHERE ${sql.includes('sessions') ? 'user_id' : 'id'} = $1`, [id]);
      // What another program has committed counts from here on.
      await sleep(101);
    };
    await me(token).expect(200);
    await set('UPDATE users SET suspended_at = now()');
    await me(token).expect(401);
    await set('UPDATE users SET suspended_at = NULL, deleted_at = now()');
    await me(token).expect(401);
    await set('UPDATE users SET deleted_at = NULL');
    await me(token).expect(200);
    await set('UPDATE sessions SET ended_at = now()');
    await me(token).expect(401);
  });
});
