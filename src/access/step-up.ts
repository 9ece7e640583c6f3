import type { FastifyRequest } from 'fastify';
import type { Caller } from './caller.js';

/** What a route wants proved. */
export interface StepUpDemand {
  /** The request carries the caller's current password, which is proof enough of those without a second factor. */
  readonly passwordInBody: boolean;
}

/** Whether callers have proved recently enough who they are. Implemented by `auth`, for the guard. */
export abstract class StepUpCheck {
  /**
   * @throws DomainError `step-up-required` unless the session was authenticated within `STEP_UP_AGE`, with a second factor if the
   * user has one; `not-authenticated` if it has ended
   */
  abstract require(caller: Caller, demand: StepUpDemand): Promise<void>;

  /** Who sends the bearer token of a sign-in that has to set up a second factor; undefined for every other request. */
  abstract setupCallerOf(request: FastifyRequest): Promise<Caller | undefined>;
}
