import { DomainError } from '../../problems/domain-error.js';

export class ClientNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Client not found.');
  }
}

/** A public client has none. */
export class ClientHasNoSecret extends DomainError {
  readonly code = 'client-has-no-secret';
  constructor() {
    super('This is a public client, which has no secret. Register another client that is not public.');
  }
}

export class NothingToChange extends DomainError {
  readonly code = 'nothing-to-update';
  constructor() {
    super('Give at least one field to change.');
  }
}

/** The version named by `If-Match` is not the current one (RFC 9110, 13.1.1). */
export class ClientChangedMeanwhile extends DomainError {
  readonly code = 'precondition-failed';
  constructor() {
    super('The client was changed since you read it. Read it again and repeat the change.');
  }
}
