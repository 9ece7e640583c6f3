import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { LruCache } from '../../async/lru-cache.js';
import { Revocations } from '../../auth/sessions/revocations.js';
import { type Statement, Statements } from '../../database/statements.js';
import type { Client } from './client.js';
import { type ClientRow, CLIENT_COLUMNS, toClient } from './client-rows.js';
import { ClientSecrets, type KeptSecret } from './client-secrets.js';

export type { Client, GrantType } from './client.js';

const REMEMBERED = 1000;

/** Ids have one spelling: PostgreSQL would take capitals as well, and what is remembered, or counted, of an id would be there twice. */
export const isId = (text: string): boolean => isUuid(text) && text === text.toLowerCase();

interface Known {
  readonly client: Client;
  readonly epoch: number;
}

/** The clients, for the protocol: read often and changed rarely. */
@Injectable()
export class Clients {
  private readonly known = new LruCache<Known>(REMEMBERED);

  constructor(
    private readonly statements: Statements,
    private readonly revocations: Revocations,
    private readonly secrets: ClientSecrets,
  ) {}

  /**
   * Remembered until the client changes: a change counts here from the next call on, and on every other server within 100 ms.
   * @returns undefined for an unknown id
   * @throws the error if the database is unavailable
   */
  async find(clientId: string): Promise<Client | undefined> {
    if (!isId(clientId)) return undefined;
    const wait = this.revocations.fresh();
    if (wait) await wait;
    const known = this.known.get(clientId);
    return known && this.revocations.spare(known.epoch, clientId) ? known.client : this.load(clientId);
  }

  /** Whether this is a secret of the client, the present one or a replaced one that has not ended. Takes the same time for every answer. */
  async verifySecret(clientId: string, secret: string): Promise<boolean> {
    const kept = isId(clientId) ? await this.statements.read<KeptSecret>(VALID_SECRETS, [clientId]) : [];
    return this.secrets.isOneOf(kept, clientId, secret);
  }

  private async load(clientId: string): Promise<Client | undefined> {
    const { epoch } = this.revocations;
    const [row] = await this.statements.read<ClientRow>(ONE_CLIENT, [clientId]);
    if (!row) {
      this.known.delete(clientId);
      return undefined;
    }
    const client = toClient(row);
    this.known.set(clientId, { client, epoch });
    return client;
  }
}

const ONE_CLIENT: Statement = { name: 'client', text: `SELECT ${CLIENT_COLUMNS} FROM clients WHERE id = $1` };

const VALID_SECRETS: Statement = {
  name: 'client-secrets',
  text: 'SELECT key_id, mac FROM client_secrets WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > now())',
};
