import { DomainError } from '../../problems/domain-error.js';
import { CLIENT_SCOPES, type NewClient } from '../clients/client.js';
import type { ClientWithSecret } from '../clients/client-registry.js';

/** What a client wants to be registered as does not go together, or is not offered (RFC 7591, 3.2.2). */
export class InvalidClientMetadata extends DomainError {
  readonly code = 'validation-failed';
  constructor(
    message: string,
    readonly error: 'invalid_client_metadata' | 'invalid_redirect_uri' = 'invalid_client_metadata',
  ) {
    super(message);
  }
}

/** The metadata of RFC 7591, 2, by the names that the API has for them. */
const NAMES = {
  client_name: 'name',
  redirect_uris: 'redirectUris',
  post_logout_redirect_uris: 'postLogoutRedirectUris',
  backchannel_logout_uri: 'backchannelLogoutUri',
  grant_types: 'grantTypes',
  id_token_signed_response_alg: 'idTokenSignedResponseAlg',
} as const;
const METHODS = ['client_secret_basic', 'client_secret_post', 'none'];

/**
 * What a client asks to be registered as, as the API takes it; not checked yet. Metadata that is not known is ignored, as RFC 7591, 2, says.
 * @throws InvalidClientMetadata
 */
export function newClientFrom(metadata: unknown): object {
  const given = objectOf(metadata);
  const { response_types: types = ['code'], scope } = given;
  if (!Array.isArray(types) || types.some((type) => type !== 'code')) {
    throw new InvalidClientMetadata('response_types must be ["code"]: there are no others.');
  }
  const known = Object.entries(NAMES).flatMap(([theirs, ours]) => (theirs in given ? [[ours, given[theirs]]] : []));
  return {
    name: hostOf(given['redirect_uris']),
    ...(Object.fromEntries(known) as object),
    public: authMethodIn(given) === 'none',
    ...(scope !== undefined && { scopes: scopesIn(scope) }),
  };
}

/**
 * What was registered (RFC 7591, 3.2.1). A secret is taken either way, in the header or in the body, so the answer says what was asked for.
 * @param metadata from which `newClientFrom` made the client
 */
export function registered({ client, clientSecret }: ClientWithSecret, metadata: unknown): object {
  return {
    client_id: client.clientId,
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    ...(clientSecret !== undefined && { client_secret: clientSecret, client_secret_expires_at: 0 }),
    client_name: client.name,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    ...(client.backchannelLogoutUri !== undefined && { backchannel_logout_uri: client.backchannelLogoutUri }),
    grant_types: client.grantTypes,
    response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
    scope: client.scopes.join(' '),
    token_endpoint_auth_method: authMethodIn(objectOf(metadata)),
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
  };
}

function objectOf(metadata: unknown): Record<string, unknown> {
  if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)) {
    return metadata as Record<string, unknown>;
  }
  throw new InvalidClientMetadata('The client metadata must be an object in JSON.');
}

function authMethodIn({ token_endpoint_auth_method: method = 'client_secret_basic' }: Record<string, unknown>): string {
  if (typeof method === 'string' && METHODS.includes(method)) return method;
  throw new InvalidClientMetadata(`token_endpoint_auth_method must be one of ${METHODS.join(', ')}.`);
}

/** Those that there are: a server may leave out others, and says which it has given. */
function scopesIn(scope: unknown): NewClient['scopes'] {
  const wanted = typeof scope === 'string' ? scope.split(' ', 100) : [];
  const scopes = CLIENT_SCOPES.filter((one) => wanted.includes(one));
  if (scopes.length === 0) throw new InvalidClientMetadata(`scope must name some of ${CLIENT_SCOPES.join(' ')}.`);
  return scopes;
}

/** A name for a client that gives none. */
function hostOf(uris: unknown): string {
  const [first] = Array.isArray(uris) ? (uris as unknown[]) : [];
  const url = typeof first === 'string' && first.length <= 2000 ? URL.parse(first) : null;
  return (url && (url.hostname || url.protocol.slice(0, -1)))?.slice(0, 100) ?? 'Application';
}
