import { DomainError } from '../../problems/domain-error.js';

/** The same answer for a session of somebody else, one that has ended, and one that never existed. */
export class SessionNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Session not found. It may have ended; list the sessions to see which there are.');
  }
}
