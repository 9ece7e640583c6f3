import { DomainError } from '../problems/domain-error.js';

/** The access token is missing or not (or no longer) valid. */
export class NotAuthenticated extends DomainError {
  readonly code = 'not-authenticated';
  constructor() {
    super('Send a valid access token: Authorization: Bearer <token>. POST /auth/login issues one.');
  }
}

/** The caller is authenticated but not authorised. The same for existing and missing objects. */
export class Forbidden extends DomainError {
  readonly code = 'forbidden';
  constructor(message = 'Your role does not allow this.') {
    super(message);
  }
}
