import { DomainError, type FieldError } from '../../problems/domain-error.js';
import type { AssuranceLevel } from '../sessions/assurance.js';
import type { StepUpMethod } from './step-up-method.js';

/** The session was authenticated too long ago, or without the second factor, for what it wants to do (RFC 9470). */
export class StepUpRequired extends DomainError {
  readonly code = 'step-up-required';
  override readonly challenge: string;

  /**
   * @param methods by which the user can step up; none if only a new sign-in does
   * @param maxAgeMs how old a proof may be
   */
  constructor(methods: readonly StepUpMethod[], acr: AssuranceLevel, maxAgeMs: number) {
    super(
      methods.length > 0
        ? `This takes a fresh proof that it is you: POST /auth/step-up with ${oneOf(methods)}, then repeat the request.`
        : 'This takes a fresh proof that it is you: sign in again by a mailed link (POST /auth/magic-link/request), then repeat the request.',
    );
    this.challenge = `Bearer error="insufficient_user_authentication", acr_values="${acr}", max_age=${Math.floor(maxAgeMs / 1000)}`;
  }
}

/** A wrong proof, or too many before. */
export class StepUpFailed extends DomainError {
  readonly code = 'step-up-failed';
  override readonly errors: readonly FieldError[];
  constructor(method: StepUpMethod) {
    super(
      method === 'password'
        ? 'The password is wrong, or too many were. Try again, or wait a minute if you are sure.'
        : 'This is wrong, was used before, or too many were wrong. Try again with a new one, or wait a minute if you are sure.',
    );
    this.errors = [{ path: FIELDS[method], message: 'is wrong' }];
  }
}

const FIELDS: Readonly<Record<StepUpMethod, string>> = {
  password: 'password',
  totp: 'code',
  'recovery-code': 'code',
  passkey: 'assertion',
};

function oneOf(methods: readonly StepUpMethod[]): string {
  return methods.map((method) => `"${method}"`).join(' or ');
}
