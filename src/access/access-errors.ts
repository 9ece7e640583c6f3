import { DomainError } from '../problems/domain-error.js';

/** There is no access token, or it is not good (any more). */
export class NotAuthenticated extends DomainError {
  readonly code = 'not-authenticated';
  constructor() {
    super('Send a valid access token: Authorization: Bearer <token>. POST /auth/login issues one.');
  }
}

/** The caller is known and may not do this. Says the same for what exists and for what does not. */
export class Forbidden extends DomainError {
  readonly code = 'forbidden';
  constructor(message = 'Your role does not allow this.') {
    super(message);
  }
}
