import { DomainError } from '../../problems/domain-error.js';

/** Why a sign-in by a provider did not succeed. */
export const PROVIDER_PROBLEMS = [
  /** The person, or the provider, said no. */
  'denied',
  /** No answer in time, a status of 500, or no connection. */
  'unavailable',
  /** An answer that does not hold: a bad signature, a wrong audience, a clock that is wrong. */
  'failed',
  /** The sign-in is unknown here, over, used, or of another browser. */
  'expired',
  'no-address',
  'sign-in-first',
  /** Suspended, deleted or locked. */
  'refused',
  /** An application of the operator refused the registration. */
  'not-welcome',
  /** The identity is linked to another account. */
  'taken',
  /** Too many requests. */
  'busy',
] as const;
export type ProviderProblem = (typeof PROVIDER_PROBLEMS)[number];

/** What a provider answered, or did not; never shown with more than its kind. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  constructor(
    readonly problem: Extract<ProviderProblem, 'denied' | 'unavailable' | 'failed'>,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The sign-in cannot go on. */
export class ProviderRefusal extends Error {
  override readonly name = 'ProviderRefusal';
  constructor(readonly problem: ProviderProblem) {
    super(problem);
  }
}

export class NoSuchProvider extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such provider.');
  }
}

export class ProviderUnavailable extends DomainError {
  readonly code = 'provider-unavailable';
  override readonly retryAfterSeconds = 30;
  constructor() {
    super('The provider did not answer as expected. Try again in a moment.');
  }
}

export class NoSuchIdentity extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user has no such identity.');
  }
}

/** The code of an exchange is unknown, used or a minute old, or its verifier is wrong. */
export class InvalidHandover extends DomainError {
  readonly code = 'invalid-code';
  constructor() {
    super(
      'This code is not valid: it works once, within a minute, with the codeVerifier of its codeChallenge. Begin again.',
    );
  }
}

/** The same as a wrong password: suspended, deleted, locked, or unlinked meanwhile. */
export class ProviderSignInRefused extends DomainError {
  readonly code = 'invalid-credentials';
  constructor() {
    super('You cannot sign in with this account at the moment.');
  }
}
