import type { RequestContext } from '../../access/caller.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { LockSubject } from '../lockout/lockouts.js';

/** Somebody wants in. */
export interface SignInAttempt {
  /** The way of signing in, such as `password`. */
  readonly method: string;
  /** Email address or username as it was typed; absent where the proof itself names the user. */
  readonly identifier?: string | undefined;
  readonly deviceToken?: string | undefined;
  /** The proof is that somebody reads the mails of the account. It ends a lock, as strong as the link that unlocks. */
  readonly isByMail?: boolean;
  readonly context: RequestContext;
}

/** An attempt whose proof may be looked at. What it holds is not for whoever attempts: most of it says who exists. */
export interface EnteredAttempt extends SignInAttempt {
  /** Who has this address or username, whether or not they may sign in. */
  readonly owner: UserEntity | null;
  /** The newest registration under it that waits to be proved. */
  readonly claim: UserEntity | null;
  /** The attempt comes from a device on which the owner has signed in. */
  readonly isKnownDevice: boolean;
  /** What a failure counts for: the owner, or the name that nobody has. Absent without an identifier. */
  readonly subject: LockSubject | undefined;
  /** What a failure counts for beside that, in the eyes of registrations: the name that was typed, whoever has or claims it. */
  readonly claimSubject: LockSubject | undefined;
  readonly isLocked: boolean;
  readonly isClaimLocked: boolean;
}

/** Why an attempt was refused; evidence for the user, while whoever attempts is told nothing. */
export type RefusalReason =
  'wrong-proof' | 'locked' | 'suspended' | 'deleted' | 'email-not-verified' | 'expired-or-used-link';
