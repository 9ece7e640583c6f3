import { DomainError } from '../../../problems/domain-error.js';

/** More password hashes are queued than this machine can compute in time; this one was not tried. Embedders know it as `Busy`. */
export class HashingOverloaded extends DomainError {
  readonly code = 'busy';
  constructor(override readonly retryAfterSeconds: number) {
    super('The server is checking too many passwords right now. Try again in a moment.');
  }
}
