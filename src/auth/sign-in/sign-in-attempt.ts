import type { RequestContext } from '../../access/caller.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { BrowserSignIn } from '../sessions/session-cookies.js';
import type { SecondFactorProof } from '../second-factors/second-factor.js';
import type { LockSubject } from '../lockout/lockouts.js';

/** A sign-in attempt. */
export interface SignInAttempt {
  /** The sign-in method, such as `password`. */
  readonly method: string;
  /** What its proof is, for the session (RFC 8176, 2), such as `pwd`. */
  readonly amr: readonly string[];
  /** The second factor of a sign-in with two steps, such as `totp`. */
  readonly secondFactor?: string | undefined;
  /** Email address or username as entered; absent if the proof itself identifies the user. */
  readonly identifier?: string | undefined;
  readonly deviceToken?: string | undefined;
  /** The token of a remembered device, from a client that asks for tokens; a browser has a cookie. */
  readonly rememberedDevice?: string | undefined;
  /** The proof is access to the account's mailbox. It ends a lockout, being as strong as the unlock link. */
  readonly isByMail?: boolean;
  /** The proof is a signature, which nobody can guess: lockouts, which stop guesses, neither refuse it nor end by it. */
  readonly isUnguessable?: boolean;
  /** Present if the session is to be proved by a cookie. */
  readonly browser?: BrowserSignIn | undefined;
  readonly context: RequestContext;
}

/** An attempt whose proof may be checked. Its contents must not be disclosed to the caller: most of it reveals who exists. */
export interface EnteredAttempt extends SignInAttempt {
  /** The user with this address or username, able to sign in or not. */
  readonly owner: UserEntity | null;
  /** The newest unconfirmed registration for it. */
  readonly claim: UserEntity | null;
  /** The attempt comes from a device on which the owner has signed in. */
  readonly isKnownDevice: boolean;
  /** What a failure counts against: the owner, or the unknown name. Absent without an identifier. */
  readonly subject: LockSubject | undefined;
  /** What a failure additionally counts against with regard to registrations: the name as entered, whether owned or claimed. */
  readonly claimSubject: LockSubject | undefined;
  readonly isLocked: boolean;
  readonly isClaimLocked: boolean;
}

/** The second step of a sign-in. */
export interface SecondStepAttempt {
  /** The token of the ticket that the first step ended with. */
  readonly token: string;
  readonly proof: SecondFactorProof;
  readonly deviceToken?: string | undefined;
  /** The cookie that bound the browser in the first step. */
  readonly binding: string | undefined;
  /** Whether the device is to skip the second factor from now on. */
  readonly rememberDevice?: boolean | undefined;
  readonly browser?: BrowserSignIn | undefined;
  readonly context: RequestContext;
}

/** The end of a sign-in that had to set up a second factor. */
export interface SetupAttempt extends Omit<SecondStepAttempt, 'proof' | 'rememberDevice'> {
  readonly factor: 'totp' | 'passkey';
  /** What the new factor proved (RFC 8176, 2). */
  readonly amr: readonly string[];
}

/** Why an attempt was refused; recorded as evidence for the user, never disclosed to the caller. */
export type RefusalReason =
  'wrong-proof' | 'locked' | 'suspended' | 'deleted' | 'email-not-verified' | 'expired-or-used-link';
