import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';

/** What can be presented after the first factor. */
export const SECOND_FACTOR_METHODS = ['totp', 'passkey', 'recovery-code'] as const;
export type SecondFactorMethod = (typeof SECOND_FACTOR_METHODS)[number];

/** A second factor that a user has set up. Recovery codes are not listed: they stand in for one. */
export interface HeldFactor {
  readonly id: string;
  readonly kind: 'totp' | 'passkey';
  /** The name that the user gave it. */
  readonly label: string | null;
  readonly addedAt: Date;
  readonly lastUsedAt: Date | null;
}

/** What the client presents: a code, or the assertion of a passkey as WebAuthn's JSON. */
export interface SecondFactorProof {
  readonly method: SecondFactorMethod;
  readonly code?: string | undefined;
  readonly assertion?: unknown;
}

/** What a proof is for: of a sign-in the id of its ticket, of a step-up the id of the session. A challenge is bound to it. */
export interface ProofPurpose {
  readonly userId: string;
  readonly boundTo: string;
  /** From where, for evidence of what is suspicious about a proof. */
  readonly context: RequestContext;
}

/**
 * A second factor. Every provider that extends this class is discovered; `SecondFactors` asks them all, and `SignInGate` lets no
 * user who holds one past the first factor without it.
 */
export abstract class SecondFactor {
  abstract readonly method: SecondFactorMethod;

  /** The table with a row, of a `user_id`, for each that is held; undefined for recovery codes. */
  abstract readonly table: string | undefined;

  /** Those that the user has, whether or not they can be presented now; empty for recovery codes. */
  abstract heldBy(tx: Transaction, userId: string): Promise<readonly HeldFactor[]>;

  /** How many the user can present now: by default, those held; of recovery codes, those that are unused. */
  async count(tx: Transaction, userId: string): Promise<number> {
    return (await this.heldBy(tx, userId)).length;
  }

  /**
   * Checks a proof and uses it up in the same transaction: of any number of concurrent uses, one succeeds.
   * @returns what it adds to the session's `amr` (RFC 8176, 2); undefined if it is wrong
   */
  abstract verify(
    tx: Transaction,
    proof: SecondFactorProof,
    purpose: ProofPurpose,
  ): Promise<readonly string[] | undefined>;

  /** Removes all that the user has of it. */
  abstract removeAll(tx: Transaction, userId: string): Promise<void>;
}
