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
}
