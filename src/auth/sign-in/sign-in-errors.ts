import { DomainError } from '../../problems/domain-error.js';

/** The same for an unknown user, a wrong password, and a suspended or deleted account. */
export class InvalidCredentials extends DomainError {
  readonly code = 'invalid-credentials';
  constructor() {
    super('No account matches this email or username and password.');
  }
}

/** Only disclosed to a caller with the correct password of the newest registration. */
export class EmailNotVerified extends DomainError {
  readonly code = 'email-not-verified';
  constructor() {
    super(
      'Open the link in the mail that was sent to you; POST /auth/resend-verification sends it again. If you chose a new password with the link, sign in with that one.',
    );
  }
}
