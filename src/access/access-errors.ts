import { DomainError } from '../problems/domain-error.js';
import type { Scope } from './scopes.js';

/** The access token is missing or not (or no longer) valid. */
export class NotAuthenticated extends DomainError {
  readonly code = 'not-authenticated';
  constructor(message = 'Send a valid access token: Authorization: Bearer <token>. POST /auth/login issues one.') {
    super(message);
  }
}

/** The caller is authenticated but not authorised. The same for existing and missing objects. */
export class Forbidden extends DomainError {
  readonly code = 'forbidden';
  constructor(message = 'Your role does not allow this.') {
    super(message);
  }
}

/** The key of a service account is good, but not for this (RFC 6750, 3.1). */
export class InsufficientScope extends DomainError {
  readonly code = 'insufficient-scope';
  override readonly challenge: string;
  constructor(missing: Scope) {
    super(`This service account lacks the scope ${missing}. An ADMIN can add it: PATCH /service-accounts/{id}.`);
    this.challenge = `Bearer error="insufficient_scope", scope="${missing}"`;
  }
}
