import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { DomainError } from '../../problems/domain-error.js';
import { plainName } from '../../users/aggregate/account-name.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { type Client, Clients } from '../clients/clients.js';
import { OpenIdProvider } from '../provider/provider.js';

/** The address to which an application wants somebody sent after signing out is not one of its own. */
export class UnknownLogoutTarget extends DomainError {
  readonly code = 'unknown-logout-target';
  constructor() {
    super(
      'The application sent you here with an address to return to that is not registered for it. You are still signed in.',
    );
  }
}

export interface Logout {
  readonly clientId: string | null;
  readonly clientName: string | null;
  /** Where to go afterwards, with its `state`; null for a page of ours. */
  readonly target: string | null;
  /** The session that the application proves to know by its id_token. */
  readonly sessionId: string | null;
}

export interface LogoutRequest {
  readonly id_token_hint?: string;
  readonly client_id?: string;
  readonly post_logout_redirect_uri?: string;
  readonly state?: string;
}

/** What applications ask for that sign people out. */
@Injectable()
export class LogoutRequests {
  constructor(
    private readonly provider: OpenIdProvider,
    private readonly clients: Clients,
    private readonly users: UserLookup,
  ) {}

  /** @throws UnknownLogoutTarget unless the address is one of the application's, character by character */
  async read({
    id_token_hint: hint = '',
    client_id: given = '',
    state = '',
    ...asked
  }: LogoutRequest): Promise<Logout> {
    const proved = hint === '' ? undefined : await this.claimsOf(hint);
    const clientId = proved?.clientId ?? given;
    const client = clientId === '' ? undefined : await this.clients.find(clientId);
    const isOther = proved !== undefined && given !== '' && given !== proved.clientId;
    return {
      clientId: client?.clientId ?? null,
      clientName: client?.name ?? null,
      target: targetOf(client, asked.post_logout_redirect_uri, state),
      sessionId: isOther ? null : (proved?.sessionId ?? null),
    };
  }

  async accountOf({ userId }: Caller): Promise<{ name: string; locale: string | null }> {
    const user = await this.users.findById(userId);
    return { name: (user && (plainName(user) ?? user.username ?? user.email)) ?? '', locale: user?.locale ?? null };
  }

  /** Of an id_token of ours, also one that has expired; undefined for any other. */
  private async claimsOf(hint: string): Promise<{ clientId: string; sessionId: string | null } | undefined> {
    const clientId = audienceOf(hint);
    const provider = await this.provider.current();
    const client = clientId === undefined ? undefined : await provider.Client.find(clientId);
    if (!client) return undefined;
    try {
      const { payload } = await provider.IdToken.validate(hint, client);
      return { clientId: client.clientId, sessionId: typeof payload['sid'] === 'string' ? payload['sid'] : null };
    } catch {
      return undefined;
    }
  }
}

function targetOf(client: Client | undefined, uri = '', state: string): string | null {
  if (uri === '' || !client) return null;
  if (!client.postLogoutRedirectUris.includes(uri)) throw new UnknownLogoutTarget();
  if (state === '') return uri;
  const url = new URL(uri);
  url.searchParams.set('state', state);
  return url.href;
}

function audienceOf(token: string): string | undefined {
  try {
    const { aud } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { aud?: unknown };
    return typeof aud === 'string' ? aud : undefined;
  } catch {
    return undefined;
  }
}
