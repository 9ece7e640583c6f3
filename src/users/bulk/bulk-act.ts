import type { UserRole } from '../../access/role.js';
import type { ProblemCode } from '../../problems/problem-catalogue.js';

export const BULK_ACTIONS = ['suspend', 'reinstate', 'role'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** Of a row: done, refused by a rule, or not done for a fault of ours. */
export const BULK_OUTCOMES = ['succeeded', 'refused', 'failed'] as const;
export type BulkOutcome = (typeof BULK_OUTCOMES)[number];

export const BULK_STATES = ['queued', 'running', 'finished'] as const;
export type BulkState = (typeof BULK_STATES)[number];

export const MOST_ROWS = 500;
/** How long results are kept. */
export const KEPT_DAYS = 7;

/** One act on many users, as it was asked for. */
export interface BulkAct {
  readonly id: string;
  readonly makerId: string;
  /** The session of the maker: once it has ended, no further row is acted on. */
  readonly sessionId: string;
  readonly traceId: string;
  readonly action: BulkAction;
  /** For the action `role`. */
  readonly role: UserRole | null;
  /** For the action `suspend`; null once the act is finished. */
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A row that is due. */
export interface BulkRow {
  readonly position: number;
  readonly userId: string;
}

/** What became of a row. */
export interface BulkResult {
  readonly outcome: BulkOutcome;
  /** Why it was refused or failed, as in the answer to the single act. */
  readonly code?: ProblemCode;
  readonly detail?: string | undefined;
}
