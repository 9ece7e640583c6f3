import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { MailRow } from './mail-queue.js';

/** A mail that this process has taken; `address` is what its user has now. */
export type MailInHand = MailRow & { readonly address: string | null };

/** What became of one try, or of the intention to try. */
export interface Outcome {
  readonly id: string;
  readonly state: MailRow['state'];
  /** Whether the SMTP server was asked. */
  readonly wasTried: boolean;
  /** Null when nothing went wrong. */
  readonly reason: string | null;
  readonly answer: string | null;
  /** Until the next try. */
  readonly waitMs: number;
}

/** For so long a mail is in the hand of the process that took it; then, unless it says that it lives, others may. */
export const LEASE_MS = 10_000;
/** What could not be handed over for so long has failed. Somebody may send it again by hand. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;
const NOTED_AT_ONCE = 1000;

const WAITING = `state = 'queued' AND due_at <= now() AND (held_until IS NULL OR held_until <= now())`;

/** Which mails are in whose hand, and what became of them: single statements, each its own transaction. */
@Injectable()
export class MailsInHand {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes up to `count` mails that are due, those that have been so for longest first; nobody else gets them. Invitations, of
   * which there may be thousands at once, give way to mails that somebody sits and waits for.
   */
  async take(count: number): Promise<MailInHand[]> {
    const waitedFor = await this.takeFrom(false, count);
    if (waitedFor.length === count) return waitedFor;
    return [...waitedFor, ...(await this.takeFrom(true, count - waitedFor.length))];
  }

  private async takeFrom(invitations: boolean, count: number): Promise<MailInHand[]> {
    const [mails] = await this.dataSource.query<[MailInHand[], number]>(
      `UPDATE mails SET held_until = now() + $2 * interval '1 millisecond'
       WHERE id = ANY (ARRAY (
         SELECT id FROM mails WHERE (template = 'invitation') = $3 AND ${WAITING}
         ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
       RETURNING *, (SELECT email FROM users WHERE users.id = mails.user_id) AS address`,
      [count, LEASE_MS, invitations],
    );
    return mails;
  }

  /** Says that the process which has these in hand still lives. */
  async keep(ids: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE mails SET held_until = now() + $2 * interval '1 millisecond' WHERE id = ANY ($1) AND state = 'queued'`,
      [ids, LEASE_MS],
    );
  }

  async record(outcomes: readonly Outcome[]): Promise<void> {
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

  /** While the SMTP server cannot be used: what waits is not tried one by one, and says why; what waited too long has failed. */
  async note(reason: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE mails SET last_error = $1,
         state = CASE WHEN created_at < now() - $2 * interval '1 millisecond' THEN 'failed' ELSE state END
       WHERE id = ANY (ARRAY (
         SELECT id FROM mails WHERE ${WAITING}
           AND (last_error IS DISTINCT FROM $1 OR created_at < now() - $2 * interval '1 millisecond')
         ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))`,
      [reason, GIVE_UP_AFTER_MS, NOTED_AT_ONCE],
    );
  }

  /**
   * Takes the next `count` turns of all that every process may take.
   * @returns the milliseconds until the first of them
   */
  async takeTurns(count: number, perSecond: number): Promise<number> {
    const [[row]] = await this.dataSource.query<[[{ wait: number }], number]>(
      `UPDATE mail_pace SET free_at = greatest(free_at, clock_timestamp()) + $1 / $2::float8 * interval '1 second'
       RETURNING extract(epoch FROM free_at - clock_timestamp())::float8 * 1000 - $1 / $2::float8 * 1000 AS wait`,
      [count, perSecond],
    );
    return Math.max(0, row.wait);
  }
}
