import { DomainError } from '../http/domain-error.js';

/** Two changes of one user met; this one lost and changed nothing. */
export class VersionConflict extends DomainError {
  readonly code = 'version-conflict';
  constructor() {
    super('Somebody else changed this user at the same moment. Read it again and repeat the change.');
  }
}

/** A handler inside the transaction said no; nothing was changed. */
export class RefusedByHandler extends DomainError {
  readonly code = 'refused-by-handler';
}
