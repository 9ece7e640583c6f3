import type { Client, ClientScope, GrantType, IdTokenAlgorithm, RegisteredClient } from './client.js';

/** A row of `clients`. */
export interface ClientRow {
  readonly id: string;
  readonly name: string;
  readonly redirect_uris: string[];
  readonly post_logout_redirect_uris: string[];
  readonly backchannel_logout_uri: string | null;
  readonly grant_types: GrantType[];
  readonly scopes: ClientScope[];
  readonly resources: string[];
  readonly public: boolean;
  readonly first_party: boolean;
  readonly id_token_alg: IdTokenAlgorithm;
  readonly claims_in_id_token: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** As `REGISTERED_COLUMNS` reads it. */
export interface RegisteredRow extends ClientRow {
  readonly version: number;
  readonly previous_secret_until: Date | null;
}

export const CLIENT_COLUMNS = `id, name, redirect_uris, post_logout_redirect_uris, backchannel_logout_uri, grant_types, scopes,
  public, first_party, id_token_alg, claims_in_id_token, resources, created_at, updated_at`;

export const REGISTERED_COLUMNS = `${CLIENT_COLUMNS}, version, (
  SELECT max(expires_at) FROM client_secrets WHERE client_id = clients.id AND expires_at > now()) AS previous_secret_until`;

export function toClient(row: ClientRow): Client {
  return {
    clientId: row.id,
    name: row.name,
    redirectUris: row.redirect_uris,
    postLogoutRedirectUris: row.post_logout_redirect_uris,
    ...(row.backchannel_logout_uri !== null && { backchannelLogoutUri: row.backchannel_logout_uri }),
    grantTypes: row.grant_types,
    scopes: row.scopes,
    resources: row.resources,
    public: row.public,
    firstParty: row.first_party,
    idTokenSignedResponseAlg: row.id_token_alg,
    claimsInIdToken: row.claims_in_id_token,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toRegistered(row: RegisteredRow): RegisteredClient {
  return { ...toClient(row), version: row.version, previousSecretUntil: row.previous_secret_until };
}
