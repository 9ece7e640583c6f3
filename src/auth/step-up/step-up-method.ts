import { SECOND_FACTOR_METHODS } from '../second-factors/second-factor.js';

/** By what a signed-in user can prove again who they are. */
export const STEP_UP_METHODS = ['password', ...SECOND_FACTOR_METHODS] as const;
export type StepUpMethod = (typeof STEP_UP_METHODS)[number];
