import { Injectable } from '@nestjs/common';
import type { GrantInstance } from 'oidc-provider';
import type { RequestContext } from '../../access/caller.js';
import { AuthEvents } from '../../auth/sign-in-evidence/auth-events.js';
import { CONSENT, type Payload } from './artifact-kinds.js';
import { Artifacts, type FoundArtifact } from './artifacts.js';

/** What a user has allowed a client, in one session or in any. */
export interface Consent {
  readonly scopes: readonly string[];
  /** The services for which it may get JWTs. */
  readonly resources: readonly string[];
}

/** What is kept of a user and a client, beyond the session. */
export interface Connected {
  /** That the client got, whether or not the user was asked. */
  readonly scopes: readonly string[];
  /** What the user allowed on a page: a client that is no longer of the own organisation has to ask for the rest. */
  readonly consent?: Consent;
}

/** Why a client gets what it asks for: the user allows it on a page, or has done so before, or nobody is asked for one of the own organisation. */
type Basis = 'asked' | 'remembered' | 'first-party';

const NOTHING: Consent = { scopes: [], resources: [] };

/** Whether everything that is wanted was allowed. */
export function covers(allowed: Consent, wanted: Consent): boolean {
  return (
    wanted.scopes.every((scope) => allowed.scopes.includes(scope)) &&
    wanted.resources.every((resource) => allowed.resources.includes(resource))
  );
}

const union = (some: readonly string[], more: readonly string[]): string[] => [...new Set([...some, ...more])];

const connectedOf = (found: FoundArtifact | undefined) => found && (found.payload as Payload & Connected);

/** What is kept from then on; undefined if that is nothing more than before. */
function added(kept: Connected | undefined, wanted: Consent, basis: Basis): Required<Connected> | undefined {
  const { scopes: before = [], consent = NOTHING } = kept ?? {};
  const scopes = union(before, wanted.scopes);
  const allowed = basis === 'asked' ? wanted : NOTHING;
  if (scopes.length === before.length && covers(consent, allowed)) return undefined;
  const resources = union(consent.resources, allowed.resources);
  return { scopes, consent: { scopes: union(consent.scopes, allowed.scopes), resources } };
}

/** What users allow clients. A grant belongs to a session, and ends with it; the consent is remembered for the next one. */
@Injectable()
export class Grants {
  constructor(
    private readonly artifacts: Artifacts,
    private readonly events: AuthEvents,
  ) {}

  /** The id of the grant of a client in a session. */
  async idFor(sessionId: string, clientId: string): Promise<string | undefined> {
    return this.artifacts.findGrantId(sessionId, clientId);
  }

  /** What the user has allowed this client so far, on a page that asked. */
  async consentOf(userId: string, clientId: string): Promise<Consent> {
    return (await this.connected(userId, clientId))?.consent ?? NOTHING;
  }

  private async connected(userId: string, clientId: string): Promise<Connected | undefined> {
    return connectedOf(await this.artifacts.find(CONSENT, `${userId} ${clientId}`));
  }

  /** Adds to what is kept of this user and this client. */
  private async connect(userId: string, clientId: string, wanted: Consent, basis: Basis): Promise<void> {
    // Mostly there is nothing to add.
    if (!added(await this.connected(userId, clientId), wanted, basis)) return;
    const id = `${userId} ${clientId}`;
    await this.artifacts.change(CONSENT, id, (found) => {
      // Taken back meanwhile: what was allowed before is not to return with what is allowed now.
      if (!found && basis === 'remembered') return undefined;
      const payload = added(connectedOf(found), wanted, basis);
      return payload && { kind: CONSENT, id, payload: payload as Payload, ttl: undefined, userId, clientId };
    });
  }

  /**
   * Keeps the grant of a client in a session, with what it is to allow. A new one is evidence of a sign-in to that client.
   * @returns its id; undefined if the user has taken back meanwhile what was remembered
   */
  async save<B extends Basis>(
    grant: GrantInstance,
    sessionId: string,
    wanted: Consent,
    { context, basis }: { readonly context: RequestContext; readonly basis: B },
  ): Promise<string | (B extends 'remembered' ? undefined : never)>;
  async save(
    grant: GrantInstance,
    sessionId: string,
    wanted: Consent,
    { context, basis }: { readonly context: RequestContext; readonly basis: Basis },
  ): Promise<string | undefined> {
    const isNew = (grant.jti as string | undefined) === undefined;
    grant.sid = sessionId;
    if (wanted.scopes.length > 0) grant.addOIDCScope(wanted.scopes.join(' '));
    for (const resource of wanted.resources) grant.addResourceScope(resource, wanted.scopes.join(' '));
    const id = await grant.save();
    const { accountId: userId, clientId } = grant;
    // A disconnection under way has either seen the grant by now, or is seen here.
    await this.artifacts.waitForChange(CONSENT, `${userId} ${clientId}`);
    if (basis === 'remembered' && !covers(await this.consentOf(userId, clientId), wanted)) {
      await this.artifacts.destroyGrant(id);
      return undefined;
    }
    await this.connect(userId, clientId, wanted, basis);
    if (isNew) {
      await this.events.record(undefined, {
        ...{ type: 'application.signed_in', userId, sessionId, context },
        what: clientId,
      });
    }
    return id;
  }
}
