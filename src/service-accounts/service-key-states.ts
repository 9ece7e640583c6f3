import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { within } from '../access/client-address.js';
import { NotAuthenticated } from '../access/access-errors.js';
import type { Caller } from '../access/caller.js';
import type { UserRole } from '../access/role.js';
import { scopesOf } from '../access/scopes.js';
import { LruCache } from '../async/lru-cache.js';
import { Revocations } from '../auth/sessions/revocations.js';
import { type Statement, Statements } from '../database/statements.js';
import { keyIdIn } from './key-format.js';
import { ServiceKeys } from './service-keys.js';

const REMEMBERED = 5000;
const LONGEST_MS = 5 * 60_000;

/** A key that is valid now, and the account that it belongs to. */
export interface ServiceKeyState {
  readonly caller: Caller & Required<Pick<Caller, 'service'>>;
  /** Whether it may be used from this address. */
  readonly admits: (ip: string) => boolean;
}

/** What a key is compared with. */
interface Proof {
  readonly mac: Buffer;
  readonly macKeyId: string;
}

/** A key that is valid no more. */
interface Refused extends Proof {
  readonly refusal: string;
}

interface Remembered extends ServiceKeyState, Proof {
  /** On the monotonic clock: when the key expires, or the state has to be reloaded. */
  readonly until: number;
  readonly epoch: number;
}

interface Row {
  readonly user_id: string;
  readonly role: UserRole;
  readonly scope: string | null;
  readonly mac_key_id: string;
  readonly mac: Buffer;
  readonly networks: readonly string[];
  readonly retired_at: Date | null;
  readonly expires_at: Date | null;
  readonly ms_left: number | null;
  readonly suspended: boolean;
  readonly deleted: boolean;
}

/** The text has the form of a key, and nobody was given it. */
export class WrongKey extends NotAuthenticated {
  constructor() {
    super('There is no such key. Look whether it belongs to this installation, or make a new one.');
  }
}

/**
 * Proves keys. What a key may do is cached as the states of sessions are, and checked against revocations on every use: a key that was
 * retired on any server more than 100 ms ago is refused, and so is one of an account that was suspended or deleted.
 */
@Injectable()
export class ServiceKeyStates {
  private readonly states = new LruCache<Remembered>(REMEMBERED);

  constructor(
    private readonly statements: Statements,
    private readonly revocations: Revocations,
    private readonly keys: ServiceKeys,
  ) {}

  /**
   * @throws WrongKey; NotAuthenticated with the reason, which only a holder of the genuine key is told
   * @throws the error if the database is unavailable
   */
  async prove(key: string): Promise<ServiceKeyState> {
    const keyId = keyIdIn(key);
    if (keyId === undefined) {
      throw new NotAuthenticated(
        'This is not a whole key: its checksum is wrong. Look whether it was cut or mistyped.',
      );
    }
    const found = await this.find(keyId);
    // First: nothing of a key is told to those who do not have it.
    if (!found || !this.isGenuine(key, found)) throw new WrongKey();
    if ('refusal' in found) throw new NotAuthenticated(found.refusal);
    return found;
  }

  /**
   * What a key that was proved before may do now; undefined once it is valid no more.
   * @throws the error if the database is unavailable
   */
  async now(keyId: string): Promise<Caller | undefined> {
    const found = await this.find(keyId);
    return found && 'caller' in found ? found.caller : undefined;
  }

  private async find(keyId: string): Promise<Remembered | Refused | undefined> {
    const wait = this.revocations.fresh();
    if (wait) await wait;
    const known = this.states.get(keyId);
    return known && this.stillHolds(known) ? known : this.load(keyId);
  }

  private stillHolds({ caller, until, epoch }: Remembered): boolean {
    return until > performance.now() && this.revocations.spare(epoch, caller.service.keyId, caller.userId);
  }

  private isGenuine(key: string, { macKeyId, mac }: Proof): boolean {
    return timingSafeEqual(this.keys.macOf(key, macKeyId), mac);
  }

  private async load(keyId: string): Promise<Remembered | Refused | undefined> {
    const epoch = this.revocations.epoch;
    const began = performance.now();
    const [row] = await this.statements.read<Row>(STATE, [keyId]);
    this.states.delete(keyId);
    if (!row) return undefined;
    const { user_id: userId, role, networks, mac, mac_key_id: macKeyId } = row;
    const refusal = refusalOf(row);
    if (refusal !== undefined) return { refusal, mac, macKeyId };
    const state = {
      caller: { userId, role, sessionId: keyId, service: { keyId, scopes: scopesOf(row.scope) } },
      admits: networks.length === 0 ? () => true : within(networks),
      ...{ mac, macKeyId },
      until: began + Math.min(row.ms_left ?? LONGEST_MS, LONGEST_MS),
      epoch,
    };
    this.states.set(keyId, state);
    return state;
  }
}

function refusalOf({ retired_at, expires_at, ms_left, suspended, deleted }: Row): string | undefined {
  if (deleted) return 'The service account of this key was deleted.';
  if (retired_at) return `This key was retired at ${retired_at.toISOString()}. Use another one of the service account.`;
  if (ms_left !== null && ms_left <= 0) {
    return `This key expired at ${expires_at?.toISOString() ?? ''}. An ADMIN can make a new one.`;
  }
  return suspended ? 'The service account of this key is suspended.' : undefined;
}

const STATE: Statement = {
  name: 'service-key-state',
  text: `
    SELECT user_id, role, scope, mac_key_id, mac, networks::text[] AS networks, retired_at, expires_at,
      extract(epoch FROM expires_at - now())::float8 * 1000 AS ms_left,
      suspended_at IS NOT NULL AS suspended, deleted_at IS NOT NULL AS deleted
    FROM service_keys JOIN users ON users.id = service_keys.user_id
    WHERE service_keys.id = $1 AND account_kind = 'SERVICE'`,
};
