import { DomainError } from '../../../problems/domain-error.js';

/** More people are signing in than there are processors for; nothing was looked at. */
export class Busy extends DomainError {
  readonly code = 'busy';
  constructor(override readonly retryAfterSeconds: number) {
    super('More passwords are being checked just now than this server can take. Try again in a moment.');
  }
}
