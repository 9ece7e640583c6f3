import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { newTraceId } from '../../config/trace-id.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { Batcher } from '../../async/batcher.js';
import type { LeasedDelivery } from './delivery-queue.js';
import { DISABLE_AFTER_FAILURES, DISABLE_AFTER_MS, pauseAfter, waitAfter } from './retry-schedule.js';
import { type DisabledReason, WebhookEndpoints, HEALTHY } from './webhook-endpoints.js';
import { WebhookNotices } from './webhook-notices.js';
import type { DeliveryOutcome } from './webhook-sender.js';

interface Attempt {
  readonly delivery: LeasedDelivery;
  readonly outcome: DeliveryOutcome;
}

interface FailingEndpoint {
  readonly id: string;
  readonly url: string;
  readonly failures: number;
  readonly failing_since: Date;
  readonly too_long: boolean;
  readonly enabled: boolean;
}

/** The endpoint is gone for good (RFC 9110, 15.5.11; Standard Webhooks asks to stop then). */
const GONE = 410;

/**
 * Records the outcomes of attempts, with their consequences for deliveries and endpoints. They are batched, accepted ones apart from
 * failed ones, so that failures, which are more work, delay nothing else.
 */
@Injectable()
export class DeliveryOutcomes {
  private readonly accepted = new Batcher<Attempt>((batch) => this.recordAccepted(batch));
  private readonly failed = new Batcher<Attempt>((batch) => this.recordFailed(batch));

  constructor(
    private readonly transactions: Transactions,
    private readonly endpoints: WebhookEndpoints,
    private readonly notices: WebhookNotices,
    @InjectLog() private readonly log: Log,
  ) {}

  /** Returns when the outcome is recorded. Nothing is recorded for an endpoint that was removed meanwhile with its deliveries. */
  async record(delivery: LeasedDelivery, outcome: DeliveryOutcome): Promise<void> {
    await (outcome.accepted ? this.accepted : this.failed).submit({ delivery, outcome });
  }

  private async recordAccepted(batch: readonly Attempt[]): Promise<void> {
    const columns = [
      batch.map(({ delivery }) => delivery.id),
      batch.map(({ outcome }) => outcome.durationMs),
      batch.map(({ outcome }) => outcome.status),
      batch.map(({ delivery }) => delivery.url),
    ];
    await this.transactions.run((tx) => tx.query(RECORD_ACCEPTED, columns));
  }

  private async recordFailed(batch: readonly Attempt[]): Promise<void> {
    await this.transactions.run((tx) => this.writeFailed(tx, batch));
    for (const { delivery, outcome } of batch) {
      const about = { webhookId: delivery.endpoint_id, eventId: delivery.event_id, reason: outcome.error };
      this.log.warn(
        { ...about, givenUp: waitAfter(delivery.tries + 1) === undefined },
        'webhook delivery was not accepted',
      );
    }
  }

  private async writeFailed(tx: Transaction, batch: readonly Attempt[]): Promise<void> {
    const known = await lockUserKeys(tx, batch);
    const failing = await countFailures(tx, batch);
    await tx.query(RECORD_FAILED, [
      batch.map(({ delivery }) => delivery.id),
      batch.map(({ outcome }) => outcome.durationMs),
      batch.map(({ outcome }) => outcome.status),
      batch.map(({ outcome }) => outcome.error),
      batch.map(({ delivery, outcome }) => (known.has(delivery.user_id) ? outcome.answer : null)),
      batch.map(({ delivery }) => waitAfter(delivery.tries + 1) ?? null),
    ]);
    for (const endpoint of failing) {
      const tries = batch.filter(
        ({ delivery }) => delivery.endpoint_id === endpoint.id && delivery.url === endpoint.url,
      );
      const gone = tries.find(({ outcome }) => outcome.status === GONE);
      const isFailing = endpoint.too_long && endpoint.failures >= DISABLE_AFTER_FAILURES;
      const last = gone ?? (isFailing ? tries.at(-1) : undefined);
      if (last && endpoint.enabled) await this.disable(tx, endpoint, gone ? 'gone' : 'failing', last);
    }
  }

  private async disable(
    tx: Transaction,
    { id, url, failing_since: failingSince }: FailingEndpoint,
    reason: Exclude<DisabledReason, 'admin'>,
    { delivery, outcome }: Attempt,
  ): Promise<void> {
    const lastError = outcome.error ?? '';
    const traceId = newTraceId();
    await this.endpoints.disable(tx, id, reason);
    await this.notices.notifyDisabled({ id, url, reason, failingSince, lastError, traceId }, tx);
    this.log.warn({ webhookId: id, eventId: delivery.event_id, lastError, reason, traceId }, 'webhook disabled');
  }
}

/**
 * A response may repeat what was sent. So none is kept about a person who was erased while the message was being sent; an erasure
 * that comes now waits for this lock, and then finds the response.
 * @returns the ids of the users who are not erased
 */
async function lockUserKeys(tx: Transaction, batch: readonly Attempt[]): Promise<ReadonlySet<string>> {
  const ids = batch.flatMap(({ delivery, outcome }) => (outcome.answer === null ? [] : [delivery.user_id]));
  if (ids.length === 0) return new Set();
  const keys = await tx.query<{ user_id: string }[]>(
    'SELECT user_id FROM user_keys WHERE user_id = ANY ($1) ORDER BY user_id FOR KEY SHARE',
    [ids],
  );
  return new Set(keys.map(({ user_id }) => user_id));
}

/**
 * Counts the failures of each endpoint, and pauses those with too many in a row. What a URL answered that was replaced meanwhile says
 * nothing about the new one.
 */
async function countFailures(tx: Transaction, batch: readonly Attempt[]): Promise<FailingEndpoint[]> {
  // Locked in one order: other servers may record failures of the same endpoints.
  const locked = await tx.query<{ id: string; url: string }[]>(
    'SELECT id, url FROM webhook_endpoints WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE',
    [batch.map(({ delivery }) => delivery.endpoint_id)],
  );
  const urls = new Map(locked.map(({ id, url }) => [id, url]));
  const counts = new Map<string, number>();
  for (const { delivery } of batch) {
    if (urls.get(delivery.endpoint_id) !== delivery.url) continue;
    counts.set(delivery.endpoint_id, (counts.get(delivery.endpoint_id) ?? 0) + 1);
  }
  const [endpoints] = await tx.query<[FailingEndpoint[], number]>(COUNT_FAILURES, [
    [...counts.keys()],
    [...counts.values()],
    DISABLE_AFTER_MS,
  ]);
  const paused = endpoints.filter(({ failures }) => pauseAfter(failures) > 0);
  await tx.query(PAUSE_ENDPOINTS, [paused.map(({ id }) => id), paused.map(({ failures }) => pauseAfter(failures))]);
  return endpoints;
}

/** One statement, because most attempts are accepted. */
const RECORD_ACCEPTED = `
  WITH done AS (
    UPDATE webhook_deliveries AS delivery SET state = 'delivered', finished_at = now(), next_attempt_at = NULL
    FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[]) AS outcome (id, duration_ms, status, url)
    WHERE delivery.id = outcome.id
    RETURNING delivery.id, endpoint_id, duration_ms, status, url),
  attempt AS (
    INSERT INTO webhook_attempts (delivery_id, duration_ms, status) SELECT id, duration_ms, status FROM done)
  UPDATE webhook_endpoints SET ${HEALTHY} WHERE (id, url) IN (SELECT endpoint_id, url FROM done) AND failures > 0`;

/** Without a wait until the next attempt, the delivery has failed. */
const RECORD_FAILED = `
  WITH outcome AS (
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::float8[])
      AS outcome (id, duration_ms, status, error, answer, wait)),
  attempt AS (
    INSERT INTO webhook_attempts (delivery_id, duration_ms, status, error, answer)
    SELECT id, duration_ms, outcome.status, error, answer FROM outcome JOIN webhook_deliveries USING (id))
  UPDATE webhook_deliveries AS delivery SET tries = tries + 1, next_attempt_at = now() + wait * interval '1 millisecond',
    state = CASE WHEN wait IS NULL THEN 'failed' ELSE state END, finished_at = CASE WHEN wait IS NULL THEN now() END
  FROM outcome WHERE delivery.id = outcome.id AND state = 'pending'`;

const COUNT_FAILURES = `
  UPDATE webhook_endpoints AS endpoint SET failures = failures + failed.count,
    failing_since = coalesce(failing_since, now())
  FROM unnest($1::uuid[], $2::integer[]) AS failed (id, count) WHERE endpoint.id = failed.id
  RETURNING endpoint.id, url, failures, failing_since, disabled_at IS NULL AS enabled,
    failing_since <= now() - $3 * interval '1 millisecond' AS too_long`;

const PAUSE_ENDPOINTS = `
  UPDATE webhook_endpoints AS endpoint SET paused_until = now() + pause.ms * interval '1 millisecond'
  FROM unnest($1::uuid[], $2::float8[]) AS pause (id, ms) WHERE endpoint.id = pause.id`;
