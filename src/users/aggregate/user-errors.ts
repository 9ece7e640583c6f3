import { DomainError, type FieldError } from '../../problems/domain-error.js';

/** No such user, or a deleted one. */
export class UserNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such user.');
  }
}

export class ContactNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('The user has no such contact.');
  }
}

export class ContactExists extends DomainError {
  readonly code = 'contact-exists';
  constructor() {
    super('The user has this contact already.');
  }
}

export class TooManyContacts extends DomainError {
  readonly code = 'too-many-contacts';
  constructor() {
    super('The user has as many contacts as there can be. Remove one first.');
  }
}

/** The contact of a link is gone, is confirmed already, or its user is suspended or deleted. */
export class NothingToConfirm extends DomainError {
  readonly code = 'token-expired-or-used';
  constructor() {
    super('This link is no longer good: its address does not wait to be confirmed any more.');
  }
}

/** The user is older or younger than that. */
export class NoSuchVersion extends DomainError {
  readonly code = 'not-found';
}

export class InvalidUsername extends DomainError {
  readonly code = 'validation-failed';
  override readonly errors: readonly FieldError[];
  constructor(message: string) {
    super('One field is not as expected; see errors.');
    this.errors = [{ path: 'username', message }];
  }
}

export class UsernameTaken extends DomainError {
  readonly code = 'username-taken';
  constructor() {
    super('Somebody has this username already. Choose another one.');
  }
}

export class EmailTaken extends DomainError {
  readonly code = 'email-taken';
  constructor() {
    super('Another user has this email address.');
  }
}

export class EmailUnchanged extends DomainError {
  readonly code = 'email-unchanged';
  constructor() {
    super('The user has this email address already. Give another one.');
  }
}

/** A user needs a name, an email address or a username. */
export class NamelessUser extends DomainError {
  readonly code = 'validation-failed';
  override readonly errors: readonly FieldError[] = [
    { path: '', message: 'give at least a name, an email address or a username' },
  ];
  constructor() {
    super('A user needs a name, an email address or a username.');
  }
}

/** There is nothing left to confirm; the caller of a link is told that the link is no longer good. */
export class AlreadyVerified extends DomainError {
  readonly code = 'token-expired-or-used';
  constructor() {
    super('This address is confirmed already.');
  }
}

/** Every installation keeps at least one admin who can sign in. */
export class LastAdmin extends DomainError {
  readonly code = 'last-admin';
  constructor() {
    super(
      'This is the last admin who can sign in. Make somebody else an admin first, and have them sign in or accept their invitation.',
    );
  }
}

/** An update names at least one field. */
export class NothingToUpdate extends DomainError {
  readonly code = 'nothing-to-update';
  constructor() {
    super('Give at least one field to change.');
  }
}

export class UsernameUnchanged extends DomainError {
  readonly code = 'username-unchanged';
  constructor() {
    super('The user has this username already. Give another one.');
  }
}

/** The version named by `If-Match` is not the version of now (RFC 9110, 13.1.1). */
export class PreconditionFailed extends DomainError {
  readonly code = 'precondition-failed';
  constructor() {
    super('Somebody else has changed this user since you read it. Read it again and repeat the change.');
  }
}
