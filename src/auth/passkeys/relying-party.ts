import { Injectable } from '@nestjs/common';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { CHALLENGE_TTL_MS } from './challenges.js';
import type { Passkey } from './passkeys.js';
import { webAuthn } from './webauthn.js';

/** A passkey as a browser has to find it. */
export interface PasskeyHandle {
  /** Base64url. */
  readonly credentialId: string;
  readonly transports: readonly string[];
}

export function handleOf({ credentialId, transports }: Passkey): PasskeyHandle {
  return { credentialId: credentialId.toString('base64url'), transports };
}

/** By their numbers in COSE: ES256, which every authenticator has; EdDSA; RS256, for Windows Hello. */
export const ALGORITHMS: readonly number[] = [-7, -8, -257];

/** This server as the party that passkeys are made for (WebAuthn Level 3): what it asks browsers for. */
@Injectable()
export class RelyingParty {
  /** The host of `PUBLIC_URL`. A passkey works for it alone; another host makes all of them useless. */
  readonly id: string;
  /** Where a passkey may be used: `PUBLIC_URL`, and those of `CORS_ORIGINS` that browsers let use this id. */
  readonly origins: readonly string[];
  private readonly name: string;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly keyring: Keyring,
  ) {
    this.id = passkeyHost(settings);
    this.origins = passkeyOrigins(settings.PUBLIC_URL, settings.CORS_ORIGINS);
    this.name = settings.PRODUCT_NAME;
  }

  /** @param existing those of the user: an authenticator that holds one of them makes no second */
  async creationOptions(
    user: Pick<UserEntity, 'id' | 'email' | 'username' | 'firstName' | 'lastName' | 'nickname'>,
    challenge: Uint8Array,
    existing: readonly PasskeyHandle[],
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const userName = user.email ?? user.username ?? user.id;
    const fullName = [user.firstName, user.lastName].filter(Boolean).join(' ');
    const { generateRegistrationOptions } = await webAuthn();
    return generateRegistrationOptions({
      rpName: this.name,
      rpID: this.id,
      userID: new Uint8Array(this.userHandleOf(user.id)),
      userName,
      userDisplayName: fullName || (user.nickname ?? userName),
      challenge: new Uint8Array(challenge),
      timeout: CHALLENGE_TTL_MS,
      attestationType: 'none',
      excludeCredentials: existing.map(described),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: [...ALGORITHMS],
    });
  }

  /** @param allowed absent where nobody is known yet: the browser offers what it has for this host */
  async requestOptions(
    challenge: Uint8Array,
    userVerification: 'required' | 'preferred',
    allowed?: readonly PasskeyHandle[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await webAuthn();
    return generateAuthenticationOptions({
      rpID: this.id,
      challenge: new Uint8Array(challenge),
      timeout: CHALLENGE_TTL_MS,
      userVerification,
      ...(allowed && { allowCredentials: allowed.map(described) }),
    });
  }

  /**
   * What authenticators keep of a user, 32 bytes: always the same, so that a new passkey replaces an older one on the same
   * authenticator. Not the id, because authenticators show it to anybody who holds them (WebAuthn Level 3, 14.6.1).
   */
  userHandleOf(userId: string): Buffer {
    return hmacWith(this.keyring.current('passkey-user').secret).update(userId).digest();
  }
}

function described({ credentialId, transports }: PasskeyHandle): { id: string; transports: string[] } {
  return { id: credentialId, transports: [...transports] };
}

/** The id of the relying party that this server is: the host of `PUBLIC_URL`. */
export function passkeyHost({ PUBLIC_URL }: Pick<Settings, 'PUBLIC_URL'>): string {
  return new URL(PUBLIC_URL).hostname;
}

/**
 * Browsers let a page use the id of its own host, or of a domain above it, and no other. So of the origins in `CORS_ORIGINS` only
 * those at or below the host of `PUBLIC_URL` can hold a passkey for it; any other is refused here, too.
 */
export function passkeyOrigins(publicUrl: string, corsOrigins: readonly string[] = []): string[] {
  const { hostname, origin } = new URL(publicUrl);
  const isBelow = (other: URL): boolean => other.hostname === hostname || other.hostname.endsWith(`.${hostname}`);
  return [origin, ...corsOrigins.filter((other) => isBelow(new URL(other)))];
}
