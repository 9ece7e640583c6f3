import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { ValidationFailed } from '../../http/request/validation.js';
import type { DeliveryState } from './delivery.dto.js';
import { writeSecret } from './signature.js';
import { TooManyWebhooks, WebhookNotFound } from './webhook-errors.js';
import { RETIRED_SECRETS, type SealedSecrets, WebhookSecrets } from './webhook-secrets.js';
import { RefusedTarget, WebhookTargets } from './webhook-targets.js';

/** By an admin; because it accepted nothing for days; because it answered 410 Gone. */
export const DISABLED_REASONS = ['admin', 'failing', 'gone'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** A row of `webhook_endpoints`: a URL that events are posted to. */
export interface Endpoint extends SealedSecrets {
  readonly id: string;
  readonly url: string;
  /** Event types, and families of them. */
  readonly types: readonly string[];
  readonly description: string | null;
  /** Null while it is enabled. */
  readonly disabled_at: Date | null;
  readonly disabled_reason: DisabledReason | null;
  readonly previous_secret_until: Date | null;
  readonly failing_since: Date | null;
  /** Deliveries that wait, and that were given up; each counted to 1000. */
  readonly pending: number;
  readonly failed: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface NewEndpoint {
  readonly url: string;
  readonly types: readonly string[];
  readonly description?: string | null;
}

export type EndpointChange = Partial<NewEndpoint> & { readonly enabled?: boolean };

export interface EndpointWithSecret {
  readonly endpoint: Endpoint;
  /** `whsec_...`; shown this once. */
  readonly secret: string;
}

/** Each endpoint has its own concurrency, so their number bounds the total. */
export const MAX_ENDPOINTS = 50;
const OVERLAP_HOURS = 24;
/** Receivers accept headers of some kilobytes, so there is a limit on signatures: older secrets expire. */
export const MAX_VALID_SECRETS = 10;

/** The endpoints of webhooks. */
@Injectable()
export class WebhookEndpoints {
  constructor(
    private readonly transactions: Transactions,
    private readonly secrets: WebhookSecrets,
    private readonly targets: WebhookTargets,
  ) {}

  /** @throws ValidationFailed for a URL that webhooks may not target; TooManyWebhooks */
  async create({ url, types, description = null }: NewEndpoint): Promise<EndpointWithSecret> {
    const target = this.checkUrl(url);
    const id = uuidv7();
    const secret = this.secrets.make();
    const { key_id, secret: sealed } = this.secrets.seal(id, secret, null);
    return this.transactions.run(async (tx) => {
      await lock(tx, 'webhooks');
      const [{ count }] = await tx.query<[{ count: number }]>('SELECT count(*)::int AS count FROM webhook_endpoints');
      if (count >= MAX_ENDPOINTS) throw new TooManyWebhooks(MAX_ENDPOINTS);
      await tx.query(
        'INSERT INTO webhook_endpoints (id, url, types, description, key_id, secret) VALUES ($1, $2, $3, $4, $5, $6)',
        [id, target, types, description, key_id, sealed],
      );
      return { endpoint: await this.lockForUpdate(tx, id), secret: writeSecret(secret) };
    });
  }

  /** All of them, the oldest first. */
  async list(): Promise<Endpoint[]> {
    return this.transactions.run((tx) => tx.query<Endpoint[]>(`${SELECT_ENDPOINT} ORDER BY id`));
  }

  /** @throws WebhookNotFound */
  async findById(id: string): Promise<Endpoint> {
    return this.transactions.run((tx) => this.lockForUpdate(tx, id));
  }

  /**
   * Deliveries that wait for an endpoint stay queued while it is disabled, and are sent when it is enabled again. Events of the time
   * between are not queued for it.
   * @throws WebhookNotFound; ValidationFailed
   */
  async change(id: string, { url, types, description, enabled }: EndpointChange): Promise<Endpoint> {
    const target = url === undefined ? undefined : this.checkUrl(url);
    return this.transactions.run(async (tx) => {
      const now = await this.lockForUpdate(tx, id);
      await tx.query(
        'UPDATE webhook_endpoints SET url = $2, types = $3, description = $4, updated_at = now() WHERE id = $1',
        [id, target ?? now.url, types ?? now.types, description === undefined ? now.description : description],
      );
      // The failures belong to the previous URL.
      if (target !== undefined && target !== now.url)
        await tx.query(`UPDATE webhook_endpoints SET ${HEALTHY} WHERE id = $1`, [id]);
      if (enabled === true) {
        await tx.query(
          `UPDATE webhook_endpoints SET ${HEALTHY}, disabled_at = NULL, disabled_reason = NULL WHERE id = $1`,
          [id],
        );
      }
      if (enabled === false && now.disabled_at === null) await this.disable(tx, id, 'admin');
      return this.lockForUpdate(tx, id);
    });
  }

  /** Removes the endpoint with its deliveries. @throws WebhookNotFound */
  async remove(id: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      await this.lockForUpdate(tx, id);
      await tx.query('DELETE FROM webhook_endpoints WHERE id = $1', [id]);
    });
  }

  /**
   * Makes a new secret. A replaced secret stays valid for 24 hours; at most `MAX_VALID_SECRETS` are valid at once.
   * @throws WebhookNotFound
   */
  async rotateSecret(id: string): Promise<EndpointWithSecret> {
    const secret = this.secrets.make();
    return this.transactions.run(async (tx) => {
      const row = await this.lockForUpdate(tx, id);
      if (row.previous_secret) {
        await tx.query(
          'INSERT INTO webhook_retired_secrets (id, endpoint_id, key_id, secret, until) VALUES ($1, $2, $3, $4, $5)',
          [uuidv7(), id, row.key_id, row.previous_secret, row.previous_secret_until],
        );
      }
      await tx.query(REMOVE_OLDEST_SECRETS, [id, MAX_VALID_SECRETS - 2]);
      const [present] = this.secrets.open(id, row);
      const sealed = this.secrets.seal(id, secret, present ?? null);
      await tx.query(
        `UPDATE webhook_endpoints SET key_id = $2, secret = $3, previous_secret = $4, updated_at = now(),
           previous_secret_until = now() + $5 * interval '1 hour' WHERE id = $1`,
        [id, sealed.key_id, sealed.secret, sealed.previous_secret, OVERLAP_HOURS],
      );
      return { endpoint: await this.lockForUpdate(tx, id), secret: writeSecret(secret) };
    });
  }

  async disable(tx: Transaction, id: string, reason: DisabledReason): Promise<void> {
    await tx.query(
      'UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = $2, updated_at = now() WHERE id = $1',
      [id, reason],
    );
  }

  /** Locked until commit. @throws WebhookNotFound */
  private async lockForUpdate(tx: Transaction, id: string): Promise<Endpoint> {
    const [row] = await tx.query<Endpoint[]>(`${SELECT_ENDPOINT} WHERE id = $1 FOR UPDATE OF endpoint`, [id]);
    if (!row) throw new WebhookNotFound();
    return row;
  }

  /** Returns the URL as it is stored: normalised by the parser that also reads it when a message is sent. */
  private checkUrl(text: string): string {
    try {
      const url = new URL(text);
      this.targets.check(url);
      return url.href;
    } catch (error) {
      const message = error instanceof RefusedTarget ? error.message : 'must be a URL that starts with https://';
      throw new ValidationFailed([{ path: 'url', message }]);
    }
  }
}

const counted = (state: DeliveryState): string => `(
    SELECT count(*)::int FROM (
      SELECT FROM webhook_deliveries WHERE endpoint_id = endpoint.id AND state = '${state}' LIMIT 1000) AS delivery) AS ${state}`;

/** Leaves out expired secrets. */
const SELECT_ENDPOINT = `
  SELECT id, url, types, description, disabled_at, disabled_reason, key_id, secret, failing_since, created_at, updated_at,
    CASE WHEN previous_secret_until > now() THEN previous_secret END AS previous_secret,
    CASE WHEN previous_secret_until > now() THEN previous_secret_until END AS previous_secret_until, ${RETIRED_SECRETS},
    ${counted('pending')}, ${counted('failed')}
  FROM webhook_endpoints AS endpoint`;

/** Parameters: the endpoint, and how many retired secrets to keep. */
const REMOVE_OLDEST_SECRETS = `
  DELETE FROM webhook_retired_secrets WHERE id IN (
    SELECT id FROM webhook_retired_secrets WHERE endpoint_id = $1 ORDER BY until DESC, id DESC OFFSET $2)`;

/** Sets the columns of an endpoint that accepts its messages. */
export const HEALTHY = 'failures = 0, failing_since = NULL, paused_until = NULL';
