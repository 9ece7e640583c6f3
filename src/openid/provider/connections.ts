import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Revocations } from '../../auth/sessions/revocations.js';
import { afterCommit, type Transaction } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { CONSENT } from './artifact-kinds.js';
import { artifactLabel } from './artifacts.js';
import type { Connected } from './grants.js';
import { unseal } from '../../database/sealing.js';

/** An application that a user has signed in to. */
export interface Connection {
  readonly clientId: string;
  /** Null for an application that is no longer registered. */
  readonly name: string | null;
  readonly scopes: readonly string[];
  /** The services that it may reach on the user's behalf, as far as the user was asked. */
  readonly resources: readonly string[];
  readonly since: Date;
}

interface Row {
  readonly client_id: string;
  readonly name: string | null;
  readonly payload: Buffer;
  readonly created_at: Date;
  readonly key_id: string;
  readonly wrapped: Buffer;
}

/** The applications that users are connected with: what they have allowed them, for themselves, exports and erasures. */
@Injectable()
export class Connections implements OnModuleInit {
  constructor(
    private readonly personalData: PersonalData,
    private readonly registry: PersonalDataRegistry,
    private readonly revocations: Revocations,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'applications',
      tables: ['openid_artifacts'],
      export: (tx, userId) => this.list(tx, userId),
      erase: async (tx, { id }) => {
        // First, while their grants say which applications have to hear of it.
        await tx.query('UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL', [id]);
        await tx.query('DELETE FROM openid_artifacts WHERE user_id = $1', [id]);
      },
    });
  }

  /** The newest first. */
  async list(tx: Transaction, userId: string): Promise<Connection[]> {
    const rows = await tx.query<Row[]>(
      `SELECT client_id, clients.name, payload, artifact.created_at, key_id, wrapped
       FROM openid_artifacts AS artifact JOIN user_keys ON user_keys.user_id = artifact.user_id
         LEFT JOIN clients ON clients.id::text = client_id
       WHERE artifact.user_id = $1 AND kind = $2 ORDER BY artifact.created_at DESC, client_id`,
      [userId, CONSENT],
    );
    return rows.map(({ client_id: clientId, name, payload, created_at: since, key_id, wrapped }) => {
      const key = this.personalData.unwrap(userId, { key_id, wrapped });
      const { scopes, consent } = JSON.parse(
        unseal(key, payload, artifactLabel(CONSENT, userId)).toString(),
      ) as Connected;
      return { clientId, name, scopes, resources: consent?.resources ?? [], since };
    });
  }

  /** Takes back what the user has allowed an application: its tokens end, it hears of that, and it asks again. @returns false if there was nothing */
  async end(tx: Transaction, userId: string, clientId: string): Promise<boolean> {
    // First, so that no grant is kept on the strength of it that the next statement does not see (`Grants.save`).
    await tx.query('SELECT FROM openid_artifacts WHERE user_id = $1 AND client_id = $2 AND kind = $3 FOR UPDATE', [
      userId,
      clientId,
      CONSENT,
    ]);
    const [, count] = await tx.query<[unknown[], number]>(
      'DELETE FROM openid_artifacts WHERE user_id = $1 AND client_id = $2',
      [userId, clientId],
    );
    afterCommit(tx, () => this.revocations.made.wake());
    return count > 0;
  }
}
