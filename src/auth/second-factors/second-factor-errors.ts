import { DomainError } from '../../problems/domain-error.js';
import type { SecondFactorMethod } from './second-factor.js';

/** What a client needs for the second step of a sign-in. */
export interface SecondStep {
  readonly token: string;
  readonly methods: readonly SecondFactorMethod[];
  /** Seconds. */
  readonly expiresIn: number;
}

/** The first factor was right. There is no session before the second. */
export class SecondFactorRequired extends DomainError {
  readonly code = 'second-factor-required';
  constructor(override readonly continueWith: SecondStep) {
    super(
      'Now present a second factor: POST /auth/second-factor with the token and one of the methods in continueWith.',
    );
  }
}

/** The first factor was right, and the user's role takes a second one, which they have to set up. There is no session before. */
export class SecondFactorSetupRequired extends DomainError {
  readonly code = 'second-factor-setup-required';
  constructor(override readonly continueWith: SecondStep) {
    super(
      'Your role takes a second factor. Send the token in continueWith as a bearer token to POST /users/me/totp or POST /users/me/passkeys/options, and confirm the app or add the passkey: that signs you in.',
    );
  }
}

/** The user's role takes a second factor, and this is the last one. */
export class SecondFactorStays extends DomainError {
  readonly code = 'second-factor-stays';
  constructor() {
    super('Your role takes a second factor, and this is your only one. Set up another one first.');
  }
}

/** Also for a code that was used before, or an assertion for another challenge. */
export class WrongSecondFactor extends DomainError {
  readonly code = 'wrong-second-factor';
  constructor() {
    super(
      'This code is wrong or was used already. Wait for the next one, and check the clock of the device that shows it.',
    );
  }
}

/** Recovery codes stand in for a second factor. */
export class NoSecondFactor extends DomainError {
  readonly code = 'no-second-factor';
  constructor() {
    super('Set up a second factor first: POST /users/me/totp.');
  }
}

export class NoSuchFactor extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user has no such second factor.');
  }
}

/** Passkeys were the only way to sign in of the user. */
export class NoWayLeft extends DomainError {
  readonly code = 'sign-in-method-stays';
  constructor() {
    super(
      'The user has no password and no confirmed address, so nothing would be left to sign in with. Set an address first.',
    );
  }
}
