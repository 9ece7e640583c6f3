import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import { type Key, Keyring, SIGNING_PURPOSES } from '../../database/keyring.js';

/** How long a new key is in the JWKS before it signs: longer than others keep that, and than servers take to hear of it. */
const PUBLISHED_FIRST_MS = 120_000;

const ALGORITHMS = { 'openid-rs256': 'RS256', 'openid-es256': 'ES256' } as const;

/** The keys of the provider, and which of them sign now. */
export interface KeySet {
  /** Differs where a key was added, began to sign, or was destroyed. */
  readonly version: string;
  /** Private, those that sign first. */
  readonly keys: readonly JsonWebKey[];
}

/** The keys that sign id_tokens and JWT access tokens of applications. */
@Injectable()
export class SigningKeys {
  private known: KeySet | undefined;

  constructor(
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {}

  async current(): Promise<KeySet> {
    for (const purpose of SIGNING_PURPOSES) await this.keyring.ensure(purpose);
    const ordered = SIGNING_PURPOSES.flatMap((purpose) => this.signingFirst(this.keyring.all(purpose)));
    const version = ordered.map(({ id }) => id).join(' ');
    if (this.known?.version !== version) this.known = { version, keys: ordered.map(privateJwk) };
    return this.known;
  }

  /** @param keys oldest first */
  private signingFirst(keys: readonly Key[]): Key[] {
    const published = this.clock.now().getTime() - PUBLISHED_FIRST_MS;
    const newestFirst = [...keys].reverse();
    // The very first one has nobody who knows another.
    const signing = newestFirst.find(({ createdAt }) => createdAt.getTime() <= published) ?? keys[0];
    return newestFirst.sort((one, other) => Number(other === signing) - Number(one === signing));
  }
}

const headerOf = ({ id, purpose }: Key) => ({
  kid: id,
  use: 'sig',
  alg: ALGORITHMS[purpose as keyof typeof ALGORITHMS],
});

function privateJwk(key: Key): JsonWebKey {
  const { secret } = key;
  return {
    ...createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }),
    ...headerOf(key),
  };
}

/** As everybody may see it. */
export function publicJwk(key: Key): JsonWebKey {
  const privateKey = createPrivateKey({ key: key.secret, format: 'der', type: 'pkcs8' });
  return { ...createPublicKey(privateKey).export({ format: 'jwk' }), ...headerOf(key) };
}
