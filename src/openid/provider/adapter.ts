import type { Context } from 'oidc-provider';
import type { LiveSessions } from '../../access/live-sessions.js';
import type { Clients } from '../clients/clients.js';
import { isSessionBound, type Payload } from './artifact-kinds.js';
import type { Artifacts, Belonging, FoundArtifact } from './artifacts.js';
import { metadataOf } from './client-metadata.js';
import type { ServiceClients } from './service-clients.js';

/** What the adapters of all models share. */
export interface AdapterParts {
  readonly artifacts: Artifacts;
  readonly clients: Clients;
  readonly sessions: LiveSessions;
  readonly services: ServiceClients;
  /** The request that the library is answering. */
  readonly context: () => Context | undefined;
  /** The error that refuses a grant (RFC 6749, 5.2). */
  readonly invalidGrant: (description: string) => Error;
}

/** The successor of a refresh token: repeated uses within the grace period give the same one. */
export const successorOf = (artifacts: Artifacts, refreshToken: string): string =>
  artifacts.derive('successor', refreshToken);

/** One sign-in makes about forty calls, most of them for the same client and grant. */
const kept = new WeakMap<Context, Map<string, Promise<Payload | undefined>>>();

/**
 * The storage of one model of the library. What belongs to a user is there only while the user's session goes on and the user has the
 * role of that time: this is where an ended session, a suspension, an erasure or a new role stops tokens, and nothing of the library has
 * to ask.
 */
export class ArtifactAdapter {
  constructor(
    private readonly kind: string,
    private readonly parts: AdapterParts,
  ) {}

  async upsert(id: string, payload: Payload, ttl: number): Promise<void> {
    const { artifacts } = this.parts;
    this.forget();
    const artifact = { kind: this.kind, id, payload, ttl, ...(await this.belongingOf(payload)) };
    // The successor of a refresh token that several requests use at once is the one of the first.
    if (this.kind === 'RefreshToken') await artifacts.add(artifact);
    else await artifacts.upsert(artifact);
  }

  async find(id: string): Promise<Payload | undefined> {
    if (this.kind !== 'Client' && this.kind !== 'Grant') return this.load(id);
    const cache = this.cache();
    const known = cache?.get(id);
    if (known) return known;
    const loading = this.load(id);
    cache?.set(id, loading);
    return loading;
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.living(await this.parts.artifacts.findByUserCode(this.kind, userCode));
  }

  async findByUid(): Promise<undefined> {
    // Sessions alone are found by it, and those are Roster's.
    return Promise.resolve(undefined);
  }

  /** Of any number of uses at once, one succeeds; for a refresh token, further ones within the grace period are the same use. */
  async consume(id: string): Promise<void> {
    const { artifacts, invalidGrant } = this.parts;
    if (await artifacts.consume(this.kind, id)) return;
    const found = await artifacts.find(this.kind, id);
    if (this.kind === 'RefreshToken' && found && (await this.mayRepeat(id, found))) return;
    // A code that is used twice takes its tokens back (RFC 6749, 4.1.2).
    if (found?.payload.grantId !== undefined) await artifacts.destroyGrant(found.payload.grantId);
    throw invalidGrant('already used');
  }

  async destroy(id: string): Promise<void> {
    this.forget();
    await this.parts.artifacts.destroy(this.kind, id);
  }

  /** Called for each model of a grant; once is enough. */
  async revokeByGrantId(grantId: string): Promise<void> {
    this.forget();
    await this.parts.artifacts.destroyGrant(grantId);
  }

  private async load(id: string): Promise<Payload | undefined> {
    const { clients, services } = this.parts;
    if (this.kind === 'Client') return metadataOf(await clients.find(id)) ?? services.metadataOf(id);
    const found = await this.parts.artifacts.find(this.kind, id);
    const payload = await this.living(found);
    if (found?.consumed && payload && !(await this.mayRepeat(id, found))) payload.consumed = true;
    return payload;
  }

  /** Nothing once the session has ended, the user is no longer active, or has another role than when it was issued. */
  private async living(found: FoundArtifact | undefined): Promise<Payload | undefined> {
    if (found?.userId !== undefined && this.kind === 'ClientCredentials') {
      return (await this.parts.services.holds(found)) ? found.payload : undefined;
    }
    if (!found || !isSessionBound(this.kind) || found.userId === undefined) return found?.payload;
    if (found.sessionId === undefined) return undefined;
    const caller = await this.parts.sessions.callerNow(found.sessionId);
    return caller?.userId === found.userId && caller.role === found.role ? found.payload : undefined;
  }

  /** Whether a use of a refresh token that was used before is the same use, whose answer was lost. */
  private async mayRepeat(id: string, { justConsumed }: FoundArtifact): Promise<boolean> {
    if (this.kind !== 'RefreshToken' || !justConsumed) return false;
    const next = await this.parts.artifacts.find(this.kind, successorOf(this.parts.artifacts, id));
    // The next one was used by somebody who had the answer.
    return next?.consumed !== true;
  }

  private async belongingOf({ accountId, clientId, sid, session, params }: Payload): Promise<Belonging> {
    const client = clientId ?? (typeof params?.['client_id'] === 'string' ? params['client_id'] : undefined);
    if (this.kind === 'ClientCredentials') {
      return { clientId: client, ...this.parts.services.belongingIn(this.parts.context()) };
    }
    if (accountId === undefined || !isSessionBound(this.kind)) {
      return { userId: accountId ?? session?.accountId, clientId: client };
    }
    const caller = sid === undefined ? undefined : await this.parts.sessions.callerNow(sid);
    if (caller?.userId !== accountId) throw this.parts.invalidGrant('the session has ended');
    return { userId: accountId, clientId: client, sessionId: sid, role: caller.role };
  }

  private cache(): Map<string, Promise<Payload | undefined>> | undefined {
    const context = this.parts.context();
    if (!context) return undefined;
    const known = kept.get(context);
    if (known) return known;
    const made = new Map<string, Promise<Payload | undefined>>();
    kept.set(context, made);
    return made;
  }

  private forget(): void {
    this.cache()?.clear();
  }
}
