import { Injectable } from '@nestjs/common';
import type { GrantInstance } from 'oidc-provider';
import type { RequestContext } from '../../access/caller.js';
import { AuthEvents } from '../../auth/sign-in-evidence/auth-events.js';
import { CONSENT, type Payload } from './artifact-kinds.js';
import { Artifacts } from './artifacts.js';

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
    const found = await this.artifacts.find(CONSENT, `${userId} ${clientId}`);
    return found && (found.payload as Payload & Connected);
  }

  /** Adds to what is kept of this user and this client. */
  private async connect(userId: string, clientId: string, wanted: Consent, asked: boolean): Promise<void> {
    const { scopes: before = [], consent = NOTHING } = (await this.connected(userId, clientId)) ?? {};
    const scopes = union(before, wanted.scopes);
    if (scopes.length === before.length && (!asked || covers(consent, wanted))) return;
    const allowed = asked ? wanted : NOTHING;
    const payload = {
      scopes,
      consent: {
        scopes: union(consent.scopes, allowed.scopes),
        resources: union(consent.resources, allowed.resources),
      },
    };
    await this.artifacts.upsert({
      ...{ kind: CONSENT, id: `${userId} ${clientId}`, payload: payload as Payload, ttl: undefined },
      ...{ userId, clientId },
    });
    // Written while the person was erased, it would stay: it waits for the erasure, which has not seen it, and does not expire.
    await this.artifacts.removeOfErased(userId);
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
    await this.connect(userId, clientId, wanted, basis === 'asked');
    if (isNew) {
      await this.events.record(undefined, {
        ...{ type: 'application.signed_in', userId, sessionId, context },
        what: clientId,
      });
    }
    return id;
  }
}
