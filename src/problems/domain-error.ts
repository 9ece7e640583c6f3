/** One field that is wrong: `path` is dotted (`contacts.0.value`), `message` is for a person. */
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
  /** For `Retry-After` (RFC 9110, 10.2.3), of what will go once it is tried again. */
  readonly retryAfterSeconds?: number;
  /** Of a mailed link that no longer works: what its page says beyond the message. */
  readonly linkEnding?: LinkEnding;
}

/** Why a mailed link no longer works. All but `unknown` is for who holds the real one. */
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
  /** What may be told of the account: whether somebody can sign in to it. Null to who may be a stranger to it. */
  readonly account: 'open' | 'suspended' | 'deleted' | null;
  /** That of the user, if it is known. */
  readonly locale: string | null;
}
