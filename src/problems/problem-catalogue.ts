interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** Every `code` that an answer can carry. Codes are part of the contract: they are added, never renamed. */
export const PROBLEMS = {
  'validation-failed': { status: 400, title: 'Validation failed' },
  'malformed-body': { status: 400, title: 'Malformed request body' },
  'bad-request': { status: 400, title: 'Bad request' },
  'nothing-to-update': { status: 400, title: 'Nothing to update' },
  'email-unchanged': { status: 400, title: 'Email address unchanged' },
  'username-unchanged': { status: 400, title: 'Username unchanged' },
  'invalid-passkey': { status: 400, title: 'Passkey not verified' },
  'weak-password': { status: 400, title: 'Password too weak' },
  'not-authenticated': { status: 401, title: 'Authentication required' },
  'step-up-required': { status: 401, title: 'Fresh proof required' },
  'invalid-credentials': { status: 401, title: 'Invalid credentials' },
  'invalid-code': { status: 401, title: 'Invalid code' },
  'invalid-refresh-token': { status: 401, title: 'Invalid refresh token' },
  forbidden: { status: 403, title: 'Not allowed' },
  'cross-site-request': { status: 403, title: 'Cross-site request refused' },
  'step-up-failed': { status: 403, title: 'Step-up failed' },
  'wrong-current-password': { status: 403, title: 'Wrong current password' },
  'second-factor-required': { status: 403, title: 'Second factor required' },
  'second-factor-setup-required': { status: 403, title: 'Second factor must be set up' },
  'wrong-second-factor': { status: 403, title: 'Wrong second factor' },
  'email-not-verified': { status: 403, title: 'Email address not confirmed' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'request-timeout': { status: 408, title: 'Request timeout' },
  'username-taken': { status: 409, title: 'Username already taken' },
  'new-password-required': { status: 409, title: 'New password required' },
  'email-taken': { status: 409, title: 'Email address already in use' },
  'idempotency-key-in-use': { status: 409, title: 'Request with this Idempotency-Key in progress' },
  'contact-exists': { status: 409, title: 'Contact already exists' },
  'too-many-contacts': { status: 409, title: 'Contact limit reached' },
  'passkey-exists': { status: 409, title: 'Passkey already registered' },
  'too-many-passkeys': { status: 409, title: 'Passkey limit reached' },
  'too-many-webhooks': { status: 409, title: 'Webhook limit reached' },
  'webhook-disabled': { status: 409, title: 'Webhook disabled' },
  'second-factor-stays': { status: 409, title: 'Second factor cannot be removed' },
  'sign-in-method-stays': { status: 409, title: 'Sign-in method cannot be removed' },
  'no-second-factor': { status: 409, title: 'No second factor set up' },
  'mail-not-needed': { status: 409, title: 'Mail no longer needed' },
  'last-admin': { status: 409, title: 'At least one admin is required' },
  'refused-by-handler': { status: 409, title: 'Change refused' },
  'version-conflict': { status: 409, title: 'Concurrent change' },
  'already-confirmed': { status: 410, title: 'Address already confirmed' },
  'token-expired-or-used': { status: 410, title: 'Link no longer valid' },
  'sign-in-expired': { status: 410, title: 'Sign-in expired' },
  'totp-setup-expired': { status: 410, title: 'Set-up expired' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'body-too-large': { status: 413, title: 'Request body too large' },
  'uri-too-long': { status: 414, title: 'URI too long' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'idempotency-key-reused': { status: 422, title: 'Idempotency-Key reused for another request' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'Request headers too large' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  'shutting-down': { status: 503, title: 'Server shutting down' },
  'provider-unavailable': { status: 503, title: 'Provider unavailable' },
  busy: { status: 503, title: 'Server busy' },
  unavailable: { status: 503, title: 'Service unavailable' },
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
