import { Injectable } from '@nestjs/common';
import type { Context } from 'oidc-provider';
import { type Caller, contextOf } from '../../access/caller.js';
import type { UserRole } from '../../access/role.js';
import { KEY_PREFIX } from '../../access/service-key-check.js';
import { scopesOf } from '../../access/scopes.js';
import { DomainError } from '../../problems/domain-error.js';
import { type AuthenticatedService, ServiceAccounts } from '../../service-accounts/service-accounts.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import type { Payload } from './artifact-kinds.js';
import type { Belonging } from './artifacts.js';
import { UNUSED_SECRET } from './client-metadata.js';
import { isId } from '../clients/clients.js';
import { visitOf } from './visits.js';

/** Who proved to be a service account in a request that the library is answering. */
const proved = new WeakMap<Context, AuthenticatedService>();

/**
 * Service accounts as OAuth clients (RFC 6749, 4.4): the client id is the id of the account, the secret any of its keys. Their tokens
 * hang on that key as those of people hang on their session.
 */
@Injectable()
export class ServiceClients {
  constructor(
    private readonly accounts: ServiceAccounts,
    private readonly users: UserLookup,
  ) {}

  /** The client that a service account is; undefined for everything else. */
  async metadataOf(clientId: string): Promise<Payload | undefined> {
    const user = isId(clientId) ? await this.users.findById(clientId) : undefined;
    if (user?.kind !== 'SERVICE' || user.deletedAt !== null) return undefined;
    return {
      client_id: user.id,
      client_name: user.nickname ?? user.id,
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
      scope: ['roles', ...scopesOf(user.scope)].join(' '),
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: UNUSED_SECRET,
    } as object;
  }

  /** Whether a secret has the form of a key: that of a client never has. */
  isKey(secret: string): boolean {
    return secret.startsWith(KEY_PREFIX);
  }

  /** Whether this is a key of the account that is valid now, from where the request comes. */
  async prove(clientId: string, key: string, context: Context | undefined): Promise<boolean> {
    const request = context && visitOf(context.req)?.reply.request;
    if (!context || !request) return false;
    try {
      const service = await this.accounts.authenticate(key, contextOf(request).ip);
      if (service?.accountId !== clientId) return false;
      proved.set(context, service);
      return true;
    } catch (error) {
      // Too many wrong keys: the library knows no other answer than that this one is wrong, too.
      if (error instanceof DomainError) return false;
      throw error;
    }
  }

  /** Where a token belongs that is issued in this request; nowhere for another client. */
  belongingIn(context: Context | undefined): Belonging {
    const service = context && proved.get(context);
    return service ? { userId: service.accountId, sessionId: service.keyId, role: service.role } : {};
  }

  /** What a JWT says of the account besides its id: the role, the version with that role, and as `sid` the key that it hangs on. */
  async claimsIn(
    context: Context,
  ): Promise<{ readonly sid: string; readonly role: UserRole; readonly epoch: number } | undefined> {
    const service = proved.get(context);
    if (!service) return undefined;
    const user = await this.users.findById(service.accountId);
    return user && { sid: service.keyId, role: user.role, epoch: user.version };
  }

  /** The account that has this key now; undefined once the key or the account is valid no more. */
  async callerNow(keyId: string): Promise<Caller | undefined> {
    return this.accounts.callerNow(keyId);
  }

  /** Whether the key that a token hangs on is still valid, and the account has the role of that time. */
  async holds({ userId, sessionId: keyId, role }: Belonging): Promise<boolean> {
    const now = keyId === undefined ? undefined : await this.accounts.callerNow(keyId);
    return now?.userId === userId && now?.role === role;
  }
}
