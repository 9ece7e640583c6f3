import { DomainError } from '../problems/domain-error.js';

export class ServiceAccountNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such service account.');
  }
}

export class ServiceKeyNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('This service account has no such key, or it was retired already.');
  }
}

export class TooManyKeys extends DomainError {
  readonly code = 'too-many-keys';
  constructor(limit: number) {
    super(`A service account can have ${limit} keys at once. Retire one first.`);
  }
}
