import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { ApiProblems } from '../problems/api-problems.js';
import type { StepUpDemand } from './step-up.js';

export const STEP_UP_METADATA = 'roster:step-up';
/** Marks the operation in the API document. */
export const STEP_UP_EXTENSION = 'x-step-up';

/**
 * Declares that a route takes a fresh proof of who the caller is (OWASP ASVS 5.0 V7.5.1, V7.5.3): a sign-in or step-up within
 * `STEP_UP_AGE`, with the second factor if the user has one. Anything else is answered with 401 `step-up-required` (RFC 9470).
 * @param passwordInBody for a route that checks the caller's current password itself when they act on themselves
 */
export function RequireStepUp({ passwordInBody = false }: Partial<StepUpDemand> = {}): MethodDecorator {
  return applyDecorators(
    SetMetadata(STEP_UP_METADATA, { passwordInBody } satisfies StepUpDemand),
    ApiExtension(STEP_UP_EXTENSION, true),
    ApiProblems('step-up-required'),
  );
}
