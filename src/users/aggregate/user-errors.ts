import { DomainError, type FieldError } from '../../problems/domain-error.js';

/** No such user, or a deleted one. */
export class UserNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('User not found.');
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
    super('The user already has this contact.');
  }
}

export class TooManyContacts extends DomainError {
  readonly code = 'too-many-contacts';
  constructor() {
    super('The user has reached the contact limit. Remove a contact first.');
  }
}

/** The contact of a link was removed or is confirmed already, or its user is suspended or deleted. */
export class NothingToConfirm extends DomainError {
  readonly code = 'token-expired-or-used';
  constructor() {
    super('This link is no longer valid: its address is not waiting for confirmation.');
  }
}

/** The requested version is before the first or after the latest one of the user. */
export class NoSuchVersion extends DomainError {
  readonly code = 'not-found';
}

export class InvalidUsername extends DomainError {
  readonly code = 'validation-failed';
  override readonly errors: readonly FieldError[];
  constructor(message: string) {
    super('One field is invalid; see errors.');
    this.errors = [{ path: 'username', message }];
  }
}

export class UsernameTaken extends DomainError {
  readonly code = 'username-taken';
  constructor() {
    super('This username is already taken. Choose another one.');
  }
}

export class EmailTaken extends DomainError {
  readonly code = 'email-taken';
  constructor() {
    super('This email address is already in use by another user.');
  }
}

export class EmailUnchanged extends DomainError {
  readonly code = 'email-unchanged';
  constructor() {
    super('The user already has this email address. Choose another one.');
  }
}

/** A user needs a name, an email address or a username. */
export class NamelessUser extends DomainError {
  readonly code = 'validation-failed';
  override readonly errors: readonly FieldError[] = [
    { path: '', message: 'a name, an email address or a username is required' },
  ];
  constructor() {
    super('A user needs a name, an email address or a username.');
  }
}

/** The address is confirmed already; the caller of a link is told that the link is no longer valid. */
export class AlreadyVerified extends DomainError {
  readonly code = 'token-expired-or-used';
  constructor() {
    super('This address is already confirmed.');
  }
}

/** Every installation keeps at least one admin who can sign in. */
export class LastAdmin extends DomainError {
  readonly code = 'last-admin';
  constructor() {
    super(
      'This is the last admin who can sign in. Make another user an admin first, and have them sign in or accept their invitation.',
    );
  }
}

/** An update names at least one field. */
export class NothingToUpdate extends DomainError {
  readonly code = 'nothing-to-update';
  constructor() {
    super('Send at least one field to change.');
  }
}

export class UsernameUnchanged extends DomainError {
  readonly code = 'username-unchanged';
  constructor() {
    super('The user already has this username. Choose another one.');
  }
}

/** The version named by `If-Match` is not the current one (RFC 9110, 13.1.1). */
export class PreconditionFailed extends DomainError {
  readonly code = 'precondition-failed';
  constructor() {
    super('The user was changed since you read it. Read it again and repeat the change.');
  }
}
