import type { FieldError } from '../../problems/domain-error.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { type OutboundTargets, RefusedTarget } from '../../http/outbound/outbound-targets.js';
import type { ClientSettings } from './client.js';
import { MAX_URI, objectionToRedirect } from './redirect-uris.js';

const AUTHORIZED_BY_PEOPLE = ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] as const;

/**
 * Checks the settings of a client as a whole, for the API and the command alike.
 * @param targets where logout tokens may be sent
 * @throws ValidationFailed with every field that is wrong
 */
export function checkClient(settings: ClientSettings, targets: Pick<OutboundTargets, 'check'>): void {
  const errors = [
    ...uriErrors(settings, 'redirectUris'),
    ...uriErrors(settings, 'postLogoutRedirectUris'),
    ...uriErrors(settings, 'resources'),
    ...grantErrors(settings),
    ...logoutErrors(settings, targets),
  ];
  if (errors.length > 0) throw new ValidationFailed(errors);
}

function uriErrors(
  settings: ClientSettings,
  field: 'redirectUris' | 'postLogoutRedirectUris' | 'resources',
): FieldError[] {
  return settings[field].flatMap((uri, index) => {
    const message = objectionToRedirect(uri, settings.public && field !== 'resources');
    return message === undefined ? [] : [{ path: `${field}.${index}`, message }];
  });
}

function grantErrors({ grantTypes, redirectUris, public: isPublic }: ClientSettings): FieldError[] {
  const errors: FieldError[] = [];
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0) {
    const message = 'must have at least one URI, to which people return after they have signed in';
    errors.push({ path: 'redirectUris', message });
  }
  if (grantTypes.includes('client_credentials') && isPublic) {
    const message = 'must not have client_credentials for a public client, which has no credentials';
    errors.push({ path: 'grantTypes', message });
  }
  if (grantTypes.includes('refresh_token') && !AUTHORIZED_BY_PEOPLE.some((type) => grantTypes.includes(type))) {
    const message = 'must have authorization_code or device_code beside refresh_token: these issue refresh tokens';
    errors.push({ path: 'grantTypes', message });
  }
  return errors;
}

function logoutErrors({ backchannelLogoutUri: uri }: ClientSettings, targets: Pick<OutboundTargets, 'check'>) {
  const message = uri === null ? undefined : objectionToLogout(uri, targets);
  return message === undefined ? [] : [{ path: 'backchannelLogoutUri', message }];
}

/** OpenID Connect Back-Channel Logout 1.0, 2.2: an absolute URI without a fragment. */
function objectionToLogout(uri: string, targets: Pick<OutboundTargets, 'check'>): string | undefined {
  if (uri.length > MAX_URI) return `must have at most ${MAX_URI} characters`;
  const url = URL.parse(uri);
  if (!url) return 'must be a URL that starts with https://';
  if (uri.includes('#')) return 'must not have a fragment (#)';
  try {
    targets.check(url);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedTarget) return error.message;
    throw error;
  }
}
