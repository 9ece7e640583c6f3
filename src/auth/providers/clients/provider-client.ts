import type { IdentityKey, IdentityProfile } from '../../identities/identities.js';

/** A person as a provider describes them, after its answer was checked. */
export interface Person extends IdentityKey {
  readonly profile: IdentityProfile;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

/** The secrets of one sign-in, all derived from `state`. */
export interface FlowSecrets {
  readonly state: string;
  /** In the id_token, so that one of another sign-in is of no use (OpenID Connect Core 1.0, 3.1.2.1). */
  readonly nonce: string;
  /** Of PKCE, so that a stolen code is of no use (RFC 7636). */
  readonly verifier: string;
}

/** How the browser came back. */
export interface ProviderReturn extends FlowSecrets {
  /** What the provider added to the redirect URI: `code`, `state`, `iss`, or `error`. */
  readonly query: URLSearchParams;
}

/** Speaks with one provider. */
export interface ProviderClient {
  /** Where the browser goes. @throws ProviderFailure */
  authorizationUrl(secrets: FlowSecrets): Promise<string>;
  /** Exchanges the code. @throws ProviderFailure for everything that is wrong with the answer */
  personOf(given: ProviderReturn): Promise<Person>;
}
