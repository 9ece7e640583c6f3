/** Why a request is refused, with what an HTTP answer needs. */
export abstract class VerifyError extends Error {
  abstract readonly code: string;
  abstract readonly status: 401 | 403 | 503;
  abstract readonly title: string;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>> = {};

  /** The body of the answer (RFC 9457). */
  problem(): Record<string, unknown> {
    const { code, status, title, message } = this;
    return { type: `urn:roster:problem:${code}`, title, status, detail: message, code };
  }
}

/** There is no token, or it does not hold, or no longer (RFC 6750, 3.1). */
export class NotAuthenticated extends VerifyError {
  override readonly name = 'NotAuthenticated';
  readonly code = 'not-authenticated';
  readonly status = 401;
  readonly title = 'Authentication required';
  override readonly headers: Readonly<Record<string, string>>;

  constructor(readonly reason: 'missing' | 'invalid' | 'revoked') {
    super(
      reason === 'missing' ? 'Send an access token: Authorization: Bearer <token>.' : `The access token is ${reason}.`,
    );
    this.headers = { 'www-authenticate': reason === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"' };
  }
}

/** The role does not suffice. */
export class Forbidden extends VerifyError {
  override readonly name = 'Forbidden';
  readonly code = 'forbidden';
  readonly status = 403;
  readonly title = 'Not allowed';

  constructor() {
    super('Your role does not allow this.');
  }
}

/**
 * Nobody can be let in, because it is not known who was signed out: the feed of revocations, or the keys, were not read for longer than
 * `maxLag`. `cause` is the last error.
 */
export class RosterOutOfReach extends VerifyError {
  override readonly name = 'RosterOutOfReach';
  readonly code = 'unavailable';
  readonly status = 503;
  readonly title = 'Service unavailable';
  override readonly headers = { 'retry-after': '2' };

  constructor(cause?: unknown) {
    super('It cannot be determined now who is signed in. Try again in a few seconds.', { cause });
  }
}
