interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** Every `code` that an answer can carry. Codes are part of the contract: they are added, never renamed. */
export const PROBLEMS = {
  'validation-failed': { status: 400, title: 'The request does not have the expected shape' },
  'malformed-body': { status: 400, title: 'The request body cannot be read' },
  'bad-request': { status: 400, title: 'The request cannot be understood' },
  'nothing-to-update': { status: 400, title: 'There is nothing to change' },
  'email-unchanged': { status: 400, title: 'The email address is the same' },
  'username-unchanged': { status: 400, title: 'The username is the same' },
  'weak-password': { status: 400, title: 'The password is too easy to guess' },
  'not-authenticated': { status: 401, title: 'Sign in first' },
  'invalid-credentials': { status: 401, title: 'The sign-in details are not right' },
  'invalid-refresh-token': { status: 401, title: 'The refresh token is not good any more' },
  forbidden: { status: 403, title: 'You may not do this' },
  'wrong-current-password': { status: 403, title: 'The current password is not right' },
  'email-not-verified': { status: 403, title: 'The email address is not confirmed yet' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This cannot be done here' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'username-taken': { status: 409, title: 'The username is taken' },
  'new-password-required': { status: 409, title: 'A new password has to be chosen' },
  'email-taken': { status: 409, title: 'The email address is taken' },
  'idempotency-key-in-use': { status: 409, title: 'A request with this Idempotency-Key is under way' },
  'contact-exists': { status: 409, title: 'The contact is there already' },
  'too-many-contacts': { status: 409, title: 'There are as many contacts as there can be' },
  'too-many-webhooks': { status: 409, title: 'There are as many webhooks as there can be' },
  'webhook-disabled': { status: 409, title: 'The webhook is switched off' },
  'sign-in-method-stays': { status: 409, title: 'This way to sign in has to stay' },
  'mail-not-needed': { status: 409, title: 'The mail would be of no use' },
  'last-admin': { status: 409, title: 'The last admin has to stay' },
  'refused-by-handler': { status: 409, title: 'The change was refused' },
  'version-conflict': { status: 409, title: 'Somebody else changed this at the same moment' },
  'already-confirmed': { status: 410, title: 'The address is confirmed already' },
  'token-expired-or-used': { status: 410, title: 'The link is no longer good' },
  'precondition-failed': { status: 412, title: 'It has changed since it was read' },
  'body-too-large': { status: 413, title: 'The request body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The content type is not supported' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'too-many-requests': { status: 429, title: 'That was too often' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  'shutting-down': { status: 503, title: 'The server is being stopped' },
  busy: { status: 503, title: 'There is too much to do right now' },
  unavailable: { status: 503, title: 'The service cannot answer right now' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The code that stands for a bare HTTP status, for errors that the framework raises before our code runs. */
export function codeForStatus(status: number): ProblemCode {
  const byStatus: Record<number, ProblemCode> = {
    401: 'not-authenticated',
    403: 'forbidden',
    404: 'not-found',
    405: 'method-not-allowed',
    408: 'request-timeout',
    413: 'body-too-large',
    414: 'uri-too-long',
    415: 'unsupported-media-type',
    429: 'too-many-requests',
    431: 'headers-too-large',
    503: 'unavailable',
  };
  return byStatus[status] ?? (status >= 500 ? 'internal-error' : 'bad-request');
}
