import { DomainError, type FieldError } from '../../problems/domain-error.js';

/** The password of the account may have been set by somebody other than the holder of the link. The link stays valid. */
export class NewPasswordRequired extends DomainError {
  readonly code = 'new-password-required';
  override readonly errors: readonly FieldError[] = [{ path: 'newPassword', message: 'is required with this link' }];
  constructor() {
    super('Set a new password with this link: somebody else may know the current one.');
  }
}
