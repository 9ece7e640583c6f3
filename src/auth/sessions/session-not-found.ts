import { DomainError } from '../../problems/domain-error.js';

/** The same for another user's session, an ended one, and one that never existed. */
export class SessionNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Session not found. It may have ended; list the sessions to see which there are.');
  }
}
