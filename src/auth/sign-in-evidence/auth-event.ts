import type { RequestContext } from '../../access/caller.js';

/** Types of audit events: sign-ins and refusals. Past tense and dotted, like the events of users. */
export const AUTH_EVENT_TYPES = [
  'login.succeeded',
  'login.failed',
  'second_factor.required',
  'recovery_code.used',
  'link.refused',
  'account.locked',
  'account.unlocked',
  'session.ended',
  'session.reuse_detected',
  'session.stepped_up',
  'device.remembered',
  'passkey.copy_suspected',
  'application.signed_in',
  'application.disconnected',
  'access.denied',
  'access.granted',
  'limit.exceeded',
] as const;
export type AuthEventType = (typeof AUTH_EVENT_TYPES)[number];

export interface NewAuthEvent {
  readonly type: AuthEventType;
  /** The user concerned; null if the attempted account does not exist. */
  readonly userId: string | null;
  /** Actor, origin and trace id. */
  readonly context: RequestContext;
  readonly sessionId?: string | undefined;
  /** The sign-in method, such as `password`. */
  readonly method?: string | undefined;
  /** The reason as a kebab-case code, such as `wrong-password` or `signed-out`. Never user input. */
  readonly reason?: string | undefined;
  /** The operation refused to the actor, such as `PUT /users/:id/role`, or performed by an administrator. */
  readonly what?: string | undefined;
  /** For a sign-in, and not stored: it came from an unknown device and is not the user's first. */
  readonly isNewDevice?: boolean | undefined;
  /** For a second step, and not stored: its factor, such as `totp`. */
  readonly secondFactor?: string | undefined;
  /** The number of occurrences that this stands for; default one. */
  readonly times?: number | undefined;
  /** When it happened; defaults to now, by the database clock. */
  readonly occurredAt?: Date | undefined;
}

/** An event as passed to handlers. */
export type AuthEvent = NewAuthEvent & { readonly id: string; readonly occurredAt: Date };
