import { DomainError, type FieldError } from '../../problems/domain-error.js';

/** The password of the account may be the choice of somebody else than who opens the link. The link is still good. */
export class NewPasswordRequired extends DomainError {
  readonly code = 'new-password-required';
  override readonly errors: readonly FieldError[] = [{ path: 'newPassword', message: 'is required with this link' }];
  constructor() {
    super('Set a new password with this link: somebody else may know the current one.');
  }
}
