import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../database/transaction.js';
import { Jobs } from '../jobs/jobs.js';
import type { MailTemplate } from './mail-templates.js';

export const DELIVER_JOB = 'mail.deliver';

/** `confirm-email-change` turns into `email-change-taken` when it leaves. */
export type QueuedTemplate = Exclude<MailTemplate, 'email-change-taken'>;

export interface NewMail {
  readonly userId: string;
  readonly template: QueuedTemplate;
  readonly recipient: string;
  readonly traceId: string;
  /** What the template shows beside what is looked up when the mail leaves; never a secret. */
  readonly data?: Record<string, string | null>;
}

export interface MailRow {
  readonly id: string;
  readonly user_id: string;
  readonly template: QueuedTemplate;
  readonly recipient: string;
  readonly data: Record<string, string | null>;
  readonly state: 'queued' | 'sent' | 'failed';
  readonly attempts: number;
  readonly trace_id: string;
  readonly created_at: Date;
}

// With the queue's own backoff (e to the power of the attempt, in seconds, at most six hours) about a day and a half.
const MAX_ATTEMPTS = 15;

/** The mails and where each of them is. */
@Injectable()
export class MailQueue {
  constructor(private readonly jobs: Jobs) {}

  /** Queues a mail in the transaction that makes it due: it leaves after commit, and only then. */
  async add(tx: Transaction, mail: NewMail): Promise<void> {
    const id = uuidv7();
    await tx.query(
      'INSERT INTO mails (id, user_id, template, recipient, data, trace_id) VALUES ($1, $2, $3, $4, $5, $6)',
      [id, mail.userId, mail.template, mail.recipient, mail.data ?? {}, mail.traceId],
    );
    await this.jobs.add(tx, DELIVER_JOB, { mailId: id }, { key: `mail:${id}`, maxAttempts: MAX_ATTEMPTS });
  }

  /** How many mails of this kind the user was sent, or will be, in the last 24 hours. */
  async countOfDay(tx: Transaction, userId: string, template: MailTemplate): Promise<number> {
    const [row] = await tx.query<[{ count: number }]>(
      `SELECT count(*)::int FROM mails WHERE user_id = $1 AND template = $2 AND created_at > now() - interval '24 hours'`,
      [userId, template],
    );
    return row.count;
  }

  /** The mail, if it still has to leave. */
  async due(tx: Transaction, id: string): Promise<MailRow | undefined> {
    const [row] = await tx.query<MailRow[]>("SELECT * FROM mails WHERE id = $1 AND state = 'queued'", [id]);
    return row;
  }

  async recordSent(tx: Transaction, id: string): Promise<void> {
    await tx.query(
      `UPDATE mails SET state = 'sent', sent_at = now(), attempts = attempts + 1, last_error = NULL WHERE id = $1`,
      [id],
    );
  }

  async recordFailure(tx: Transaction, id: string, reason: string, final: boolean): Promise<void> {
    await tx.query(
      `UPDATE mails SET attempts = attempts + 1, last_error = $2, state = CASE WHEN $3 THEN 'failed' ELSE state END
       WHERE id = $1`,
      [id, reason.slice(0, 500), final],
    );
  }
}
