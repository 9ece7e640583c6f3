import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { appleNames, appleSecret } from '../../src/auth/providers/clients/apple.js';
import { checkClaims, personOf } from '../../src/auth/providers/clients/claims.js';

const base = { iss: 'https://accounts.google.com', sub: '110169484474386276334' };

describe('what Google says of an address', () => {
  it.each([
    ['ada@gmail.com', {}, true],
    ['ada@googlemail.com', {}, true],
    ['ada@example.com', { hd: 'example.com' }, true],
    // Confirmed once, by somebody who may have lost it since.
    ['ada@example.com', {}, false],
    ['ada@gmail.com.example.com', {}, false],
    ['ada@example.com', { hd: '' }, false],
    ['ada@example.com', { hd: ['example.com'] }, false],
  ])('%s with %j is proved: %s', (email, more, isProved) => {
    const { profile } = personOf('google', { ...base, email, email_verified: true, ...more });
    expect(profile.emailVerified).toBe(isProved);
  });

  it('counts with the organisation of the id_token alone', () => {
    const claims = { ...base, email: 'ada@example.com', email_verified: true };
    expect(personOf('google', claims, { hd: 'example.com' }).profile).toMatchObject({
      emailVerified: false,
      hostedDomain: null,
    });
  });
});

describe('somebody at Microsoft', () => {
  const tenant = { iss: 'https://login.microsoftonline.com/t/v2.0', sub: 'pairwise', tid: 't', oid: 'o' };

  it('is known by tenant and object', () => {
    expect(personOf('microsoft', tenant)).toMatchObject({ issuer: tenant.iss, subject: 't:o' });
    expect(() => personOf('microsoft', { ...tenant, oid: undefined })).toThrow('tid or oid');
  });

  it('has an address that is never proof', () => {
    const { profile } = personOf('microsoft', {
      ...tenant,
      email: 'ada@example.com',
      email_verified: true,
      xms_edov: true,
    });
    expect(profile).toMatchObject({ email: 'ada@example.com', emailVerified: false });
  });
});

describe('Apple', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = {
    teamId: 'TEAM123456',
    keyId: 'KEY1234567',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };

  it('gets a client secret of five minutes that we sign with ES256', () => {
    const secret = appleSecret(
      { ...key, privateKey: String(key.privateKey) },
      'com.example.roster',
      'https://appleid.apple.com',
      1000,
    );
    const [header = '', claims = '', signature = ''] = secret.split('.');
    const decoded = [header, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    expect(decoded).toEqual([
      { alg: 'ES256', kid: 'KEY1234567' },
      { iss: 'TEAM123456', iat: 1000, exp: 1300, aud: 'https://appleid.apple.com', sub: 'com.example.roster' },
    ]);
    const publicKey = createPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const content = Buffer.from(`${header}.${claims}`);
    expect(
      verify('sha256', content, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
    ).toBe(true);
  });

  it('tells a name only once, unsigned, and no more is taken from that', () => {
    const more = appleNames('{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"eve@example.com"}');
    const person = personOf('apple', { iss: 'https://appleid.apple.com', sub: '001' }, more);
    expect(person).toMatchObject({ firstName: 'Ada', lastName: 'Lovelace', profile: { email: null } });
    for (const broken of [null, '', 'null', '[]', '{"name":{"firstName":{"a":1}}}', '{']) {
      const { firstName } = personOf('apple', { iss: 'https://appleid.apple.com', sub: '001' }, appleNames(broken));
      expect(firstName).toBeNull();
    }
  });
});

describe('an id_token', () => {
  const good = { ...base, iat: 1000, aud: 'roster' };

  it.each([
    ['issued to another client', { azp: 'other' }],
    ['from the future', { iat: 1061 }],
    ['without a time', { iat: undefined }],
    ['with an endless subject', { sub: 'a'.repeat(256) }],
  ])('%s is refused', (_what, claims) => {
    expect(() => checkClaims({ ...good, ...claims }, 'roster', 1000)).toThrow('id_token');
  });

  it('may be a minute ahead', () => {
    expect(() => checkClaims({ ...good, iat: 1060, azp: 'roster' }, 'roster', 1000)).not.toThrow();
  });

  it('gives no name that a profile could not hold', () => {
    const { firstName, lastName, profile } = personOf(null, {
      ...base,
      given_name: 'A\nB',
      family_name: 'x'.repeat(101),
      name: '\u202eEve',
      profile: 'javascript:alert(1)',
    });
    expect([firstName, lastName, profile.name, profile.url]).toEqual([null, null, null, null]);
  });
});

describe('whether an address is verified', () => {
  const of = (idToken: object, userInfo: object) => personOf(null, { ...base, ...idToken }, { ...userInfo }).profile;

  it('may be said by the UserInfo endpoint of the address that the id_token names', () => {
    const given = of({ email: 'ada@example.com' }, { email: 'ada@example.com', email_verified: true });
    expect(given).toMatchObject({ email: 'ada@example.com', emailVerified: true });
  });

  it('is said of no other address than the one beside it', () => {
    const ofOther = of({ email: 'ada@example.com' }, { email: 'new@example.com', email_verified: true });
    expect(ofOther).toMatchObject({ email: 'ada@example.com', emailVerified: false });
    const ofNone = of({ email_verified: true }, { email: 'new@example.com' });
    expect(ofNone).toMatchObject({ email: 'new@example.com', emailVerified: false });
  });
});
