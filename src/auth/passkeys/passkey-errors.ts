import { DomainError } from '../../problems/domain-error.js';

/** Another user's passkey, one that was removed, and one that never existed. */
export class PasskeyNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Passkey not found. It may have been removed; list the passkeys to see which there are.');
  }
}

/** A new passkey is not proved: its challenge is not ours or is over, or the authenticator says something else than was asked for. */
export class PasskeyInvalid extends DomainError {
  readonly code = 'invalid-passkey';
  constructor() {
    super(
      'The passkey could not be verified, or its options are older than five minutes or were used before. Ask for new options and try again.',
    );
  }
}

/** The authenticator already holds a passkey that is registered here. */
export class PasskeyExists extends DomainError {
  readonly code = 'passkey-exists';
  constructor() {
    super('This passkey is registered already.');
  }
}

export class TooManyPasskeys extends DomainError {
  readonly code = 'too-many-passkeys';
  constructor(most: number) {
    super(`An account can have at most ${most} passkeys. Remove one that is no longer needed first.`);
  }
}

/**
 * The same for an unknown passkey, a wrong or repeated proof, and a suspended or deleted account: an attacker who tries credential ids learns
 * nothing.
 */
export class PasskeyRefused extends DomainError {
  readonly code = 'invalid-credentials';
  constructor() {
    super(
      'This passkey cannot be used to sign in, or its options are older than five minutes or were used before. Ask for new options and try again, or sign in another way.',
    );
  }
}
