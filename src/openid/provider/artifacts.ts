import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith, seal, unseal } from '../../database/sealing.js';
import { type Statement, Statements } from '../../database/statements.js';
import { lock, Transactions } from '../../database/transaction.js';
import { PersonalData, type WrappedUserKey } from '../../events/personal-data.js';
import { Revocations } from '../../auth/sessions/revocations.js';
import type { Payload } from './artifact-kinds.js';

/** Where an artifact belongs. */
export interface Belonging {
  readonly userId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** The role of the user when it was issued; it is void under another one. */
  readonly role?: string | undefined;
}

export interface NewArtifact extends Belonging {
  readonly kind: string;
  readonly id: string;
  readonly payload: Payload;
  /** Seconds; undefined for one that does not expire. */
  readonly ttl: number | undefined;
}

export interface FoundArtifact extends Belonging {
  readonly payload: Payload;
  readonly consumed: boolean;
  /** It was used up so recently that its use may be repeated. */
  readonly justConsumed: boolean;
}

interface Row {
  readonly user_id: string | null;
  readonly client_id: string | null;
  readonly session_id: string | null;
  readonly role_at_issue: string | null;
  readonly payload: Buffer;
  readonly consumed: boolean;
  readonly just_consumed: boolean;
  readonly key_id: string | null;
  readonly wrapped: Buffer | null;
}

/**
 * The state of the provider at rest. Ids are stored as HMACs, so the table holds no code and no token; payloads are sealed under the
 * key of their user, which an erasure destroys, or under one of ours where there is no user.
 */
@Injectable()
export class Artifacts {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly statements: Statements,
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly personalData: PersonalData,
    private readonly revocations: Revocations,
  ) {}

  /** Keeps an artifact. One that is there already is replaced, but stays used up if it was. */
  async upsert(artifact: NewArtifact): Promise<void> {
    await this.statements.execute(UPSERT, await this.valuesOf(artifact));
  }

  /**
   * Reads an artifact and keeps what follows from it: one caller after another, and before or after a transaction that removes it.
   * @param next undefined leaves it as it is
   */
  async change(kind: string, id: string, next: (found?: FoundArtifact) => NewArtifact | undefined): Promise<void> {
    const hash = this.hashOf(kind, id);
    await this.transactions.run(async (tx) => {
      // There may be no row yet to lock.
      await lock(tx, `openid:${hash.toString('base64url')}`);
      const [row] = await tx.query<Row[]>(FIND_TO_CHANGE, [hash, kind, this.settings.REFRESH_REUSE_GRACE]);
      const artifact = next(row && this.opened(kind, row));
      if (!artifact) return;
      await tx.query(UPSERT.text, await this.valuesOf(artifact));
      // Written while the person was erased, it would stay: it waited for the erasure, which has not seen it.
      await tx.query(REMOVE_OF_ERASED, [artifact.userId]);
    });
  }

  /** Keeps an artifact unless it is there already. */
  async add(artifact: NewArtifact): Promise<void> {
    await this.statements.execute(ADD, await this.valuesOf(artifact));
  }

  async find(kind: string, id: string): Promise<FoundArtifact | undefined> {
    return this.findBy(FIND, kind, this.hashOf(kind, id));
  }

  async findByUserCode(kind: string, userCode: string): Promise<FoundArtifact | undefined> {
    return this.findBy(FIND_BY_USER_CODE, kind, this.hashOf('UserCode', userCode));
  }

  /** Waits for a transaction that changes or removes an artifact. */
  async waitForChange(kind: string, id: string): Promise<void> {
    await this.statements.execute(WAIT, [this.hashOf(kind, id)]);
  }

  /** The id of the newest grant of a client in a session. */
  async findGrantId(sessionId: string, clientId: string): Promise<string | undefined> {
    const [row] = await this.statements.read<Row>(FIND_GRANT, [sessionId, clientId, this.settings.REFRESH_REUSE_GRACE]);
    const key = row && this.readingKey(row);
    if (!key) return undefined;
    return (JSON.parse(unseal(key, row.payload, artifactLabel('Grant', row.user_id)).toString()) as { jti?: string })
      .jti;
  }

  /** Uses an artifact up. @returns false if it is used up already or gone: of any number of uses at once, one succeeds */
  async consume(kind: string, id: string): Promise<boolean> {
    return (await this.statements.execute(CONSUME, [this.hashOf(kind, id)])).length > 0;
  }

  async destroy(kind: string, id: string): Promise<void> {
    await this.statements.execute(DESTROY, [this.hashOf(kind, id)]);
  }

  /** Destroys what was issued under a grant, and the grant; its application hears of that. */
  async destroyGrant(grantId: string): Promise<void> {
    await this.statements.execute(DESTROY_GRANT, [this.hashOf('Grant', grantId)]);
    this.revocations.made.wake();
  }

  /** A value that follows from an id, and that nobody who reads the tables can tell. */
  derive(purpose: string, id: string): string {
    return this.mac(`derive ${purpose}`, id).toString('base64url');
  }

  private async findBy(statement: Statement, kind: string, hash: Buffer): Promise<FoundArtifact | undefined> {
    const [row] = await this.statements.read<Row>(statement, [hash, kind, this.settings.REFRESH_REUSE_GRACE]);
    return row && this.opened(kind, row);
  }

  private opened(kind: string, row: Row): FoundArtifact | undefined {
    const key = this.readingKey(row);
    if (!key) return undefined;
    const payload = JSON.parse(unseal(key, row.payload, artifactLabel(kind, row.user_id)).toString()) as Payload;
    return {
      payload,
      userId: row.user_id ?? undefined,
      clientId: row.client_id ?? undefined,
      sessionId: row.session_id ?? undefined,
      role: row.role_at_issue ?? undefined,
      consumed: row.consumed,
      justConsumed: row.just_consumed,
    };
  }

  private readingKey({ user_id: userId, key_id, wrapped }: Row): Buffer | undefined {
    if (userId === null) return this.keyring.current('openid-artifact').secret;
    // The person was erased.
    return key_id === null || wrapped === null ? undefined : this.personalData.unwrap(userId, { key_id, wrapped });
  }

  private async valuesOf({ kind, id, payload, ttl, userId, clientId, sessionId, role }: NewArtifact) {
    const text = Buffer.from(JSON.stringify(payload));
    return [
      this.hashOf(kind, id),
      kind,
      payload.grantId === undefined ? null : this.hashOf('Grant', payload.grantId),
      clientId ?? null,
      userId ?? null,
      sessionId ?? null,
      role ?? null,
      seal(await this.writingKey(userId), text, artifactLabel(kind, userId ?? null)),
      payload.userCode === undefined ? null : this.hashOf('UserCode', payload.userCode),
      ttl ?? null,
    ];
  }

  private async writingKey(userId: string | undefined): Promise<Buffer> {
    if (userId === undefined) return this.keyring.current('openid-artifact').secret;
    const [row] = await this.statements.read<WrappedUserKey>(USER_KEY, [userId]);
    if (!row) throw new Error(`The user ${userId} has no key, so nothing can be kept for them`);
    return this.personalData.unwrap(userId, row);
  }

  private hashOf(kind: string, id: string): Buffer {
    return this.mac(kind, id);
  }

  private mac(purpose: string, value: string): Buffer {
    return hmacWith(this.keyring.current('openid-artifact').secret).update(`${purpose}\0${value}`).digest();
  }
}

/** What a payload is sealed for. */
export const artifactLabel = (kind: string, userId: string | null): string => `openid:${kind}:${userId ?? ''}`;

const COLUMNS =
  'id_hash, kind, grant_hash, client_id, user_id, session_id, role_at_issue, payload, user_code_hash, expires_at';
const INSERT = `
  INSERT INTO openid_artifacts (${COLUMNS})
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10::float8 * interval '1 second')`;

const UPSERT: Statement = {
  name: 'openid-upsert',
  text: `${INSERT}
  ON CONFLICT (id_hash) DO UPDATE SET (grant_hash, client_id, user_id, session_id, role_at_issue, payload, user_code_hash, expires_at) =
    (excluded.grant_hash, excluded.client_id, excluded.user_id, excluded.session_id, excluded.role_at_issue, excluded.payload,
     excluded.user_code_hash, excluded.expires_at)`,
};

const ADD: Statement = { name: 'openid-add', text: `${INSERT} ON CONFLICT (id_hash) DO NOTHING` };

const SELECT = `
  SELECT artifact.user_id, client_id, session_id, role_at_issue, payload, key_id, wrapped,
    consumed_at IS NOT NULL AS consumed, coalesce(consumed_at > now() - $3::float8 * interval '1 millisecond', false) AS just_consumed
  FROM openid_artifacts AS artifact LEFT JOIN user_keys ON user_keys.user_id = artifact.user_id`;

const FIND: Statement = { name: 'openid-find', text: `${SELECT} WHERE id_hash = $1 AND kind = $2` };

const FIND_TO_CHANGE = `${FIND.text} FOR UPDATE OF artifact`;

const FIND_BY_USER_CODE: Statement = {
  name: 'openid-find-by-user-code',
  text: `${SELECT} WHERE user_code_hash = $1 AND kind = $2`,
};

const FIND_GRANT: Statement = {
  name: 'openid-find-grant',
  text: `${SELECT} WHERE session_id = $1 AND client_id = $2 AND kind = 'Grant' ORDER BY artifact.created_at DESC LIMIT 1`,
};

const CONSUME: Statement = {
  name: 'openid-consume',
  text: 'UPDATE openid_artifacts SET consumed_at = now() WHERE id_hash = $1 AND consumed_at IS NULL RETURNING 1',
};

const WAIT: Statement = { name: 'openid-wait', text: 'SELECT 1 FROM openid_artifacts WHERE id_hash = $1 FOR SHARE' };

const DESTROY: Statement = { name: 'openid-destroy', text: 'DELETE FROM openid_artifacts WHERE id_hash = $1' };

const DESTROY_GRANT: Statement = {
  name: 'openid-destroy-grant',
  text: 'DELETE FROM openid_artifacts WHERE grant_hash = $1 OR id_hash = $1',
};

const REMOVE_OF_ERASED = `
  DELETE FROM openid_artifacts WHERE user_id = $1 AND NOT EXISTS (SELECT FROM user_keys WHERE user_id = $1)`;

const USER_KEY: Statement = {
  name: 'openid-user-key',
  text: 'SELECT key_id, wrapped FROM user_keys WHERE user_id = $1',
};
