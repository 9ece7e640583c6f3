import type { Client } from '../clients/clients.js';
import type { Payload } from './artifact-kinds.js';

/** In place of secrets, which are checked by `Clients`: the library asks for one, and never compares it. */
export const UNUSED_SECRET = 'kept as an HMAC elsewhere';

/** A client as the library knows clients (OpenID Connect Dynamic Client Registration 1.0, 2). */
export function metadataOf(client: Client | undefined): Payload | undefined {
  if (!client) return undefined;
  const usesCode = client.grantTypes.includes('authorization_code');
  const isNative = client.redirectUris.some((uri) => !/^https?:/.test(uri));
  return {
    client_id: client.clientId,
    client_name: client.name,
    redirect_uris: [...client.redirectUris],
    grant_types: [...client.grantTypes],
    response_types: usesCode ? ['code'] : [],
    scope: client.scopes.join(' '),
    application_type: isNative ? 'native' : 'web',
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    ...(client.public
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: 'client_secret_basic', client_secret: UNUSED_SECRET }),
  } as object;
}
