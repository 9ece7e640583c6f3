import { AuthorizationResponseError, ClientError } from 'openid-client';
import { ProviderFailure } from '../provider-errors.js';

/** What a person who changed their mind comes back with, also by the words of Apple and LinkedIn. */
const DENIALS = [
  'access_denied',
  'user_cancelled_authorize',
  'user_cancelled_login',
  'login_required',
  'consent_required',
];
const OUTAGES = ['server_error', 'temporarily_unavailable'];

/** An error of the OpenID library, by its kind. */
export function providerFailure(error: unknown): ProviderFailure {
  const cause = causes(error).find((one) => one instanceof ProviderFailure);
  if (cause) return cause;
  const { message } = error as Error;
  if (error instanceof AuthorizationResponseError) {
    if (DENIALS.includes(error.error)) return new ProviderFailure('denied', error.error);
    // Not the description, which anybody can write into a link.
    return new ProviderFailure(OUTAGES.includes(error.error) ? 'unavailable' : 'failed', message, { cause: error });
  }
  return new ProviderFailure('failed', message, { cause: error });
}

/** No key of the set fits: the provider may have rotated its keys. */
export function isUnknownKey(error: unknown): boolean {
  return error instanceof ClientError && error.code === 'OAUTH_KEY_SELECTION_FAILED';
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  for (let one = error; one instanceof Error && found.length < 5; one = one.cause) found.push(one);
  return found;
}
