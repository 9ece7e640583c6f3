import type { NewPasswordForm } from '../../http/pages/page-values.js';
import type { DomainError } from '../../problems/domain-error.js';
import { WeakPassword } from './password-rules.js';

/** The part of a page that asks for a new password. @param refused why the page is shown again, if it is */
export function newPasswordForm(email: string | null, minLength: number, refused?: DomainError): NewPasswordForm {
  const form = { email, minLength, refusal: null, weakness: {} };
  if (!(refused instanceof WeakPassword)) return form;
  return { ...form, refusal: refused.message, weakness: { [refused.weakness]: true } };
}
