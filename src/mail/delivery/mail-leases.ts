import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { MailRow } from './mail-queue.js';

/** A mail that this process has leased. */
export type LeasedMail = MailRow;

/** The outcome of a lease: of an attempt to send the mail, or of a release without one. */
export interface MailOutcome {
  readonly id: string;
  readonly state: MailRow['state'];
  /** Whether the SMTP server was asked. */
  readonly wasTried: boolean;
  /** Null when nothing went wrong. */
  readonly reason: string | null;
  readonly answer: string | null;
  /** Until the next attempt. */
  readonly waitMs: number;
}

/** How long a mail belongs to the process that leased it, unless the lease is renewed; then other processes may lease it. */
export const MAIL_LEASE_MS = 10_000;
/** A mail that could not be sent for this long has failed. Staff may resend it. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;
const OUTAGE_BATCH = 1000;

const DUE_AND_FREE = `state = 'queued' AND due_at <= now() AND (held_until IS NULL OR held_until <= now())`;

const rankOf = ({ template }: LeasedMail): number => Number(template === 'invitation');

// Two walks of `mails_due`, whose first column is whether it is an invitation; as a parameter, since PostgreSQL would turn a constant
// into a condition that the index does not know. The limits are sub-selects, so that the statement is prepared (`prepareRecurring`):
// the best plan is the same for all of them.
const LEASE = `
  WITH awaited AS MATERIALIZED (
    SELECT id FROM mails WHERE (template = 'invitation') = $3 AND ${DUE_AND_FREE}
    ORDER BY due_at LIMIT (SELECT $1::int) FOR UPDATE SKIP LOCKED),
  invitations AS MATERIALIZED (
    SELECT id FROM mails WHERE (template = 'invitation') = $4 AND ${DUE_AND_FREE}
    ORDER BY due_at LIMIT (SELECT $1::int - count(*) FROM awaited) FOR UPDATE SKIP LOCKED)
  UPDATE mails SET held_until = now() + $2 * interval '1 millisecond'
  WHERE id = ANY (ARRAY (SELECT id FROM awaited UNION ALL SELECT id FROM invitations))
  RETURNING *`;

/** Leases mails to processes and records their outcomes: single statements, each its own transaction. */
@Injectable()
export class MailLeases {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Leases up to `count` due mails, the longest due first, to this process alone. Invitations, of which there may be thousands at
   * once, come after mails that somebody is waiting for.
   */
  async leaseDue(count: number): Promise<LeasedMail[]> {
    const [mails] = await this.dataSource.query<[LeasedMail[], number]>(LEASE, [count, MAIL_LEASE_MS, false, true]);
    // Not in the order in which they were locked.
    return mails.sort((one, other) => rankOf(one) - rankOf(other));
  }

  /** Renews the leases of these mails. */
  async renew(ids: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE mails SET held_until = now() + $2 * interval '1 millisecond' WHERE id = ANY ($1) AND state = 'queued'`,
      [ids, MAIL_LEASE_MS],
    );
  }

  /** Records the outcomes and ends the leases. */
  async record(outcomes: readonly MailOutcome[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE mails SET
         state = CASE WHEN outcome.state = 'queued' AND outcome.tried = 1 AND created_at < now() - $7 * interval '1 millisecond'
           THEN 'failed' ELSE outcome.state END,
         attempts = attempts + outcome.tried, last_error = coalesce(outcome.reason, last_error), answer = outcome.answer,
         sent_at = CASE outcome.state WHEN 'sent' THEN now() END, due_at = now() + outcome.wait * interval '1 millisecond',
         held_until = NULL
       FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::float8[])
         AS outcome (id, state, tried, reason, answer, wait)
       WHERE mails.id = outcome.id AND mails.state = 'queued'`,
      [
        outcomes.map(({ id }) => id),
        outcomes.map(({ state }) => state),
        outcomes.map(({ wasTried }) => Number(wasTried)),
        outcomes.map(({ reason }) => reason),
        outcomes.map(({ answer }) => answer),
        outcomes.map(({ waitMs }) => waitMs),
        GIVE_UP_AFTER_MS,
      ],
    );
  }

  /**
   * Records on due mails why they wait while the SMTP server cannot be used: they are not attempted one by one. Those that have waited
   * too long have failed.
   */
  async recordOutage(reason: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE mails SET last_error = $1,
         state = CASE WHEN created_at < now() - $2 * interval '1 millisecond' THEN 'failed' ELSE state END
       WHERE id = ANY (ARRAY (
         SELECT id FROM mails WHERE ${DUE_AND_FREE}
           AND (last_error IS DISTINCT FROM $1 OR created_at < now() - $2 * interval '1 millisecond')
         ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))`,
      [reason, GIVE_UP_AFTER_MS, OUTAGE_BATCH],
    );
  }

  /**
   * Reserves the next `count` sends under the rate limit that all processes share.
   * @returns the milliseconds until the first of them
   */
  async reserveSends(count: number, perSecond: number): Promise<number> {
    const [[row]] = await this.dataSource.query<[[{ wait: number }], number]>(
      `UPDATE mail_pace SET free_at = greatest(free_at, clock_timestamp()) + $1 / $2::float8 * interval '1 second'
       RETURNING extract(epoch FROM free_at - clock_timestamp())::float8 * 1000 - $1 / $2::float8 * 1000 AS wait`,
      [count, perSecond],
    );
    return Math.max(0, row.wait);
  }
}
