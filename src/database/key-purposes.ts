import { generateKeyPair, generateKeyPairSync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** The purpose of a key; keys are never used for another purpose (NIST SP 800-57, 5.2). */
export const KEY_PURPOSES = [
  'password-pepper',
  'one-time-token',
  'refresh-token',
  'address',
  'idempotent-request',
  'device-token',
  'sign-in-ticket',
  'remembered-device',
  'recovery-code',
  'registration',
  'lockout',
  'rate-limit',
  'sign-in-evidence',
  'access-token',
  'event-chain',
  'personal-data',
  'webhook-secret',
  'checkpoint',
  'passkey-user',
  'provider-flow',
  'client-secret',
  'service-key',
  'openid-artifact',
  'openid-rs256',
  'openid-es256',
  'imported-password',
] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

/** The keys that sign for applications (OpenID Connect). They are made when the first of them asks: an RSA key takes its time. */
export const SIGNING_PURPOSES = ['openid-rs256', 'openid-es256'] as const satisfies readonly KeyPurpose[];
export const isMadeLater = (purpose: KeyPurpose): boolean =>
  (SIGNING_PURPOSES as readonly KeyPurpose[]).includes(purpose);

export interface Key {
  readonly id: string;
  readonly purpose: KeyPurpose;
  /**
   * 32 random bytes; for `access-token` and `openid-es256` an ES256, for `openid-rs256` an RSA and for `checkpoint` an Ed25519 private
   * key, as PKCS #8 DER.
   */
  readonly secret: Buffer;
  readonly createdAt: Date;
}

export type PurposeThatRotates = 'access-token' | (typeof SIGNING_PURPOSES)[number];

const newKeyPair = promisify(generateKeyPair);

/** What a new key of this purpose is. */
export async function makeSecret(purpose: KeyPurpose): Promise<Buffer> {
  const pkcs8 = { format: 'der', type: 'pkcs8' } as const;
  switch (purpose) {
    case 'access-token':
    case 'openid-es256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8);
    case 'checkpoint':
      return generateKeyPairSync('ed25519').privateKey.export(pkcs8);
    case 'openid-rs256':
      return (await newKeyPair('rsa', { modulusLength: 2048 })).privateKey.export(pkcs8);
    default:
      return randomBytes(32);
  }
}
