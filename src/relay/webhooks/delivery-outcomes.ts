import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { newTraceId } from '../../http/trace-id.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { DueDelivery } from './delivery-queue.js';
import { DISABLE_AFTER_FAILURES, DISABLE_AFTER_MS, pauseAfter, waitAfter } from './retry-schedule.js';
import { WebhookEndpoints, WELL } from './webhook-endpoints.js';
import { WebhookNotices } from './webhook-notices.js';
import type { Outcome } from './webhook-sender.js';

interface FailingEndpoint {
  readonly url: string;
  readonly failures: number;
  readonly failing_since: Date;
  readonly too_long: boolean;
  readonly enabled: boolean;
}

/** The receiver says that it is gone for good (RFC 9110, 15.5.11; Standard Webhooks asks to stop then). */
const GONE = 410;

/** Records what came of a try, and what follows from it for the delivery and its endpoint. */
@Injectable()
export class DeliveryOutcomes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly endpoints: WebhookEndpoints,
    private readonly notices: WebhookNotices,
    @InjectLog() private readonly log: Log,
  ) {}

  /** Of an endpoint that was removed meanwhile, and its deliveries with it, nothing is recorded. */
  async record(delivery: DueDelivery, outcome: Outcome): Promise<void> {
    const { accepted, durationMs, status } = outcome;
    if (accepted) await this.dataSource.query(ACCEPTED, [delivery.id, durationMs, status, delivery.endpoint_id]);
    else await this.transactions.run((tx) => this.refused(tx, delivery, outcome));
  }

  private async refused(tx: Transaction, delivery: DueDelivery, outcome: Outcome): Promise<void> {
    const { durationMs, status, error } = outcome;
    const answer = outcome.answer !== null && (await holdPerson(tx, delivery.user_id)) ? outcome.answer : null;
    await tx.query(ATTEMPT, [delivery.id, durationMs, status, error, answer]);
    const wait = waitAfter(delivery.tries + 1);
    await tx.query(wait === undefined ? GIVE_UP : TRY_AGAIN, wait === undefined ? [delivery.id] : [delivery.id, wait]);
    const [[endpoint]] = await tx.query<[FailingEndpoint[], number]>(FAIL, [delivery.endpoint_id, DISABLE_AFTER_MS]);
    if (!endpoint) return;
    const pause = pauseAfter(endpoint.failures);
    if (pause > 0) await tx.query(PAUSE, [delivery.endpoint_id, pause]);
    const lastError = error ?? '';
    const about = { webhookId: delivery.endpoint_id, eventId: delivery.event_id, reason: lastError };
    this.log.warn({ ...about, givenUp: wait === undefined }, 'webhook was not accepted');
    const isFailing = endpoint.too_long && endpoint.failures >= DISABLE_AFTER_FAILURES;
    if (!endpoint.enabled || !(isFailing || status === GONE)) return;
    const reason = status === GONE ? 'gone' : 'failing';
    await this.endpoints.disable(tx, delivery.endpoint_id, reason);
    const { url, failing_since: failingSince } = endpoint;
    const traceId = newTraceId();
    await this.notices.disabled({ id: delivery.endpoint_id, url, reason, failingSince, lastError, traceId }, tx);
    this.log.warn({ ...about, reason, traceId }, 'webhook switched off');
  }
}

/**
 * An answer may repeat what was sent. So none is kept of a person who was erased while the message was under way; an erasure that
 * comes now waits for us, and finds it.
 * @returns whether there is something of the person to erase
 */
async function holdPerson(tx: Transaction, userId: string): Promise<boolean> {
  const keys = await tx.query<unknown[]>('SELECT FROM user_keys WHERE user_id = $1 FOR KEY SHARE', [userId]);
  return keys.length > 0;
}

const ATTEMPT = `
  INSERT INTO webhook_attempts (delivery_id, duration_ms, status, error, answer)
  SELECT id, $2, $3, $4, $5 FROM webhook_deliveries WHERE id = $1`;

/** In one statement: this is what happens to most messages. */
const ACCEPTED = `
  WITH done AS (
    UPDATE webhook_deliveries SET state = 'delivered', finished_at = now(), next_attempt_at = NULL WHERE id = $1
    RETURNING id),
  attempt AS (
    INSERT INTO webhook_attempts (delivery_id, duration_ms, status) SELECT id, $2, $3 FROM done)
  UPDATE webhook_endpoints SET ${WELL} WHERE id = $4 AND failures > 0`;

const TRY_AGAIN = `
  UPDATE webhook_deliveries SET tries = tries + 1, next_attempt_at = now() + $2 * interval '1 millisecond'
  WHERE id = $1 AND state = 'pending'`;

const GIVE_UP = `
  UPDATE webhook_deliveries SET tries = tries + 1, state = 'failed', finished_at = now(), next_attempt_at = NULL
  WHERE id = $1 AND state = 'pending'`;

const FAIL = `
  UPDATE webhook_endpoints SET failures = failures + 1, failing_since = coalesce(failing_since, now())
  WHERE id = $1
  RETURNING url, failures, failing_since, disabled_at IS NULL AS enabled,
    failing_since <= now() - $2 * interval '1 millisecond' AS too_long`;

const PAUSE = `UPDATE webhook_endpoints SET paused_until = now() + $2 * interval '1 millisecond' WHERE id = $1`;
