import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { lagOf, readSinkStatuses } from '../../relay/sink-status.js';
import { Relay } from '../../relay/relay.js';

/** Work that waits, and work that was given up. */
export interface QueueState {
  readonly name: string;
  /** Counted to 10,000, but for sinks. */
  readonly waiting: number;
  /** Given up, kept for somebody to look at; counted to 10,000. */
  readonly failed: number;
  /** Since when the longest waiting is due; null where none is. */
  readonly dueSince: Date | null;
}

const MOST = 10_000;

/** One statement for all that lie in tables of ours; each counts no further than it has to. */
const QUEUES = `
  SELECT 'events' AS name, count(*)::int AS waiting, 0 AS failed, min(written_at) AS "dueSince"
  FROM (SELECT written_at FROM event_outbox ORDER BY id LIMIT ${MOST}) AS waiting
  UNION ALL
  SELECT 'jobs', count(*) FILTER (WHERE attempts < max_attempts)::int, count(*) FILTER (WHERE attempts >= max_attempts)::int,
    min(run_at) FILTER (WHERE attempts < max_attempts AND run_at <= now())
  FROM (SELECT attempts, max_attempts, run_at FROM graphile_worker._private_jobs LIMIT ${MOST}) AS job
  UNION ALL
  SELECT 'mails', count(*)::int, (SELECT count(*)::int FROM (SELECT FROM mails WHERE state = 'failed' LIMIT ${MOST}) AS failed),
    min(due_at) FILTER (WHERE due_at <= now())
  FROM (SELECT due_at FROM mails WHERE state = 'queued' LIMIT ${MOST}) AS queued
  UNION ALL
  SELECT 'webhooks', count(*)::int,
    (SELECT count(*)::int FROM (SELECT FROM webhook_deliveries WHERE state = 'failed' LIMIT ${MOST}) AS failed),
    min(next_attempt_at) FILTER (WHERE next_attempt_at <= now())
  FROM (SELECT next_attempt_at FROM webhook_deliveries WHERE state = 'pending' LIMIT ${MOST}) AS pending`;

/** How much work waits in each queue of this installation, whichever server does it. */
@Injectable()
export class Queues {
  constructor(
    private readonly dataSource: DataSource,
    private readonly relay: Relay,
  ) {}

  async read(): Promise<QueueState[]> {
    const own = await this.dataSource.query<QueueState[]>(QUEUES);
    const sinks = (await readSinkStatuses(this.dataSource)).filter(({ sink }) => this.relay.sinkNames.includes(sink));
    const now = Date.now();
    return [
      ...own,
      ...sinks.map((status) => ({
        name: `sink:${status.sink}`,
        waiting: lagOf(status),
        failed: status.deadLetters,
        dueSince: status.lagSeconds > 0 ? new Date(now - status.lagSeconds * 1000) : null,
      })),
    ];
  }
}
