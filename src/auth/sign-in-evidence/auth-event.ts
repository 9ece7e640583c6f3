import type { RequestContext } from '../../access/caller.js';

/** What is kept of signing in, which begins a session, and of what was refused. Past tense and dotted, like the events of users. */
export const AUTH_EVENT_TYPES = [
  'login.succeeded',
  'login.failed',
  'link.refused',
  'account.locked',
  'account.unlocked',
  'session.ended',
  'session.reuse_detected',
  'access.denied',
  'access.granted',
  'limit.exceeded',
] as const;
export type AuthEventType = (typeof AUTH_EVENT_TYPES)[number];

export interface NewAuthEvent {
  readonly type: AuthEventType;
  /** Whom it is about; null when the account that was tried is nobody's. */
  readonly userId: string | null;
  /** By whom, from where, under which trace id. */
  readonly context: RequestContext;
  readonly sessionId?: string | undefined;
  /** The way of signing in, such as `password`. */
  readonly method?: string | undefined;
  /** Why, as a kebab-case word, such as `wrong-password` or `signed-out`. Never what somebody typed. */
  readonly reason?: string | undefined;
  /** What was refused to the actor, such as `PUT /users/:id/role`, or what an administrator did. */
  readonly what?: string | undefined;
  /** Of a sign-in, and not kept: it did not come from a device that the user is known by, and is not their first. */
  readonly isNewDevice?: boolean | undefined;
  /** How many of it this stands for; one unless it says so. */
  readonly times?: number | undefined;
  /** When it happened; now, by the clock of the database, unless it is told later. */
  readonly occurredAt?: Date | undefined;
}

/** An event as handlers get it. */
export type AuthEvent = NewAuthEvent & { readonly id: string; readonly occurredAt: Date };
