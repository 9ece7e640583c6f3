import type { DomainError } from '../../problems/domain-error.js';

/** Why a form is shown again, among the values of a page with a form. */
export interface FormState {
  readonly hasProblem: boolean;
  /** The code of the problem in camelCase, as a key for translated templates: `problem.invalidCredentials`. */
  readonly problem: Readonly<Record<string, true>>;
  /** What the API says of it, in English: for a code without a sentence of its own in `problem.hbs`. */
  readonly detail: string | null;
  /** The invalid fields by name, with what the API says of each in English. */
  readonly invalid: Readonly<Record<string, string>>;
  /** Seconds until another attempt makes sense, where that is known. */
  readonly retryAfter: number | null;
}

/** A form that was not sent yet. */
export const UNTOUCHED: FormState = { hasProblem: false, problem: {}, detail: null, invalid: {}, retryAfter: null };

export function formStateOf({ code, message, errors = [], retryAfterSeconds }: DomainError): FormState {
  return {
    hasProblem: true,
    problem: { [camelCase(code)]: true },
    detail: message,
    invalid: Object.fromEntries(errors.map(({ path, message: why }) => [path, why])),
    retryAfter: retryAfterSeconds ?? null,
  };
}

/** `weak-password` as a key of templates: `weakPassword`. */
export function camelCase(code: string): string {
  return code.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
