/** An invalid field: `path` is dotted (`contacts.0.value`), `message` is for a person. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * Base of every error that a caller may see. A subclass is one cause; its `code` never changes once released,
 * and `problem-catalogue.ts` says which HTTP status the code has. The message is shown to the caller.
 */
export abstract class DomainError extends Error {
  abstract readonly code: string;
  readonly errors?: readonly FieldError[];
  /** For `Retry-After` (RFC 9110, 10.2.3) of errors that a retry can resolve. */
  readonly retryAfterSeconds?: number;
  /** What a client needs to go on after this error; a member of the problem (RFC 9457, 3.2). */
  readonly continueWith?: ContinueWith;
  /** For `WWW-Authenticate` (RFC 9110, 11.6.1); with status 401 `Bearer` by default. */
  readonly challenge?: string;
  /** For a dead link: what its page says beyond the message. */
  readonly linkEnding?: LinkEnding;
}

/** How a sign-in goes on that needs another step. */
export interface ContinueWith {
  /** For the request of the next step; no proof of anything else. */
  readonly token: string;
  /** What can be presented in the next step. */
  readonly methods: readonly string[];
  /** Seconds until the token expires. */
  readonly expiresIn: number;
}

/** Why a mailed link no longer works. All but `unknown` is disclosed only to the holder of the genuine link. */
export interface LinkEnding {
  readonly why:
    | 'unknown'
    /** Its token is missing. */
    | 'incomplete'
    | 'expired'
    | 'replaced'
    | 'withdrawn'
    | 'alreadyConfirmed'
    | 'proved'
    | 'accepted'
    | 'passwordChosen'
    | 'signedIn'
    | 'unlocked'
    | 'removed'
    | 'restored'
    | 'suspended'
    | 'deleted';
  /** Whether sign-in to the account is possible; null if the caller may be a stranger. */
  readonly account: 'open' | 'suspended' | 'deleted' | null;
  /** The user's locale, if known. */
  readonly locale: string | null;
}
