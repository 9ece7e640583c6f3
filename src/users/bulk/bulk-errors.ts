import { DomainError } from '../../problems/domain-error.js';

/** The same for the act of somebody else and one that never existed or is no longer kept. */
export class BulkActNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Bulk act not found. Its results are kept for seven days, and shown to the user who made it and to ADMINs.');
  }
}

/** The session of the user who made a bulk act has ended, so the rest of its rows are refused. */
export class MakerSignedOut extends DomainError {
  readonly code = 'not-authenticated';
  constructor() {
    super('The session in which this was requested had ended before this user’s turn came. Nothing was changed.');
  }
}
