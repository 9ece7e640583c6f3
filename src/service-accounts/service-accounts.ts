import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Forbidden, NotAuthenticated } from '../access/access-errors.js';
import type { Caller } from '../access/caller.js';
import type { UserRole } from '../access/role.js';
import type { Scope } from '../access/scopes.js';
import { ServiceKeyCheck } from '../access/service-key-check.js';
import { LruCache } from '../async/lru-cache.js';
import { RateLimits } from '../auth/rate-limits/rate-limits.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { type Statement, Statements } from '../database/statements.js';
import { InjectLog, type Log } from '../ops/log.js';
import { type ServiceKeyState, ServiceKeyStates, WrongKey } from './service-key-states.js';

/** The use of a key is recorded at most this often. */
const NOTE_USE_EVERY_MS = 60_000;
const REMEMBERED = 5000;

/** A service account that proved who it is, by one of its keys. */
export interface AuthenticatedService {
  readonly accountId: string;
  readonly keyId: string;
  readonly role: UserRole;
  readonly scopes: readonly Scope[];
}

/** Authenticates service accounts by their keys, as bearer tokens and as secrets of OAuth clients alike. */
@Injectable()
export class ServiceAccounts extends ServiceKeyCheck implements OnApplicationBootstrap {
  private readonly usedAt = new LruCache<number>(REMEMBERED);

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly states: ServiceKeyStates,
    private readonly statements: Statements,
    private readonly limits: RateLimits,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    if (this.settings.INTROSPECTION_TOKEN === undefined) return;
    this.log.warn(
      'INTROSPECTION_TOKEN is accepted for this release only. Give each service the key of a service account with the scope introspect: POST /service-accounts',
    );
  }

  /**
   * For client credentials (RFC 6749, 4.4): the client id is the account's id, the secret the whole key.
   * @param ip of the client
   * @returns undefined unless the key is valid now, and may be used from that address
   * @throws TooManyRequests for a client that sent too many wrong keys
   */
  async authenticate(key: string, ip: string): Promise<AuthenticatedService | undefined> {
    try {
      const { userId: accountId, role, service } = await this.serviceOf(key, ip);
      return { accountId, role, ...service };
    } catch (error) {
      if (error instanceof NotAuthenticated || error instanceof Forbidden) return undefined;
      throw error;
    }
  }

  /** Who has a key that was proved before, with the role and the scopes of now; undefined once it is valid no more. */
  async callerNow(keyId: string): Promise<Caller | undefined> {
    return this.states.now(keyId);
  }

  async callerOf(key: string, ip: string): Promise<Caller> {
    return this.serviceOf(key, ip);
  }

  private async serviceOf(key: string, ip: string): Promise<ServiceKeyState['caller']> {
    const { caller, admits } = await this.proved(key, ip);
    if (!admits(ip)) throw new Forbidden(`This key may not be used from ${ip}, which is in none of its networks.`);
    this.noteUse(caller.service.keyId, ip);
    return caller;
  }

  /** A genuine key is never held up by wrong ones from the same address. */
  private async proved(key: string, ip: string): Promise<ServiceKeyState> {
    try {
      return await this.states.prove(key);
    } catch (error) {
      if (error instanceof WrongKey) await this.limits.consumeForClient('wrong-key', ip);
      throw error;
    }
  }

  /** No request waits for it. A failed attempt is repeated when the next one is due. */
  private noteUse(keyId: string, ip: string): void {
    const now = performance.now();
    const last = this.usedAt.get(keyId);
    if (last !== undefined && now - last < NOTE_USE_EVERY_MS) return;
    this.usedAt.set(keyId, now);
    this.statements.execute(NOTE_USE, [keyId, NOTE_USE_EVERY_MS, ip]).catch((error: unknown) => {
      this.log.warn({ reason: (error as Error).message }, 'could not record the use of a key');
    });
  }
}

// With several servers, one of them writes.
const NOTE_USE: Statement = {
  name: 'service-key-used',
  text: `
    UPDATE service_keys SET last_used_at = now(), last_used_ip = $3
    WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - $2::float8 * 0.8 * interval '1 millisecond')`,
};
