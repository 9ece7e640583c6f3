import { Injectable } from '@nestjs/common';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { afterCommit, type Transaction } from '../../database/transaction.js';
import { currentTraceparent } from '../../tracing/tracing.js';
import type { MailTemplate } from '../notifications/mail-templates.js';

/** Two templates are only chosen when a mail leaves: see `MailContents` and `TemplateChoice`. */
export type QueuedTemplate = Exclude<MailTemplate, 'email-change-taken' | 'restore-account'>;

export interface NewMail {
  readonly userId: string;
  readonly template: QueuedTemplate;
  readonly recipient: string;
  readonly traceId: string;
  /** What the template shows beside what is looked up when the mail leaves; never a secret. */
  readonly data?: Record<string, string | null>;
}

export const MAIL_STATES = ['queued', 'sent', 'failed'] as const;
export type MailState = (typeof MAIL_STATES)[number];

export interface MailRow {
  readonly id: string;
  readonly user_id: string;
  readonly template: QueuedTemplate;
  readonly recipient: string;
  readonly data: Record<string, string | null>;
  readonly state: MailState;
  /** How often it was offered to the SMTP server. */
  readonly attempts: number;
  /** Why the last attempt failed, or why there will be none. */
  readonly last_error: string | null;
  /** What the SMTP server answered when it accepted the mail. */
  readonly answer: string | null;
  readonly trace_id: string;
  /** W3C Trace Context of what queued it; null where nothing was traced. */
  readonly traceparent: string | null;
  readonly created_at: Date;
  /** While it is queued: the earliest time of the next attempt. */
  readonly due_at: Date;
  readonly sent_at: Date | null;
  /** The mail that it repeats, and who requested that. */
  readonly resend_of: string | null;
  readonly requested_by: string | null;
}

/** What makes a mail that is sent again different from the first. */
export interface Resend {
  readonly of: string;
  readonly by: string;
}

/**
 * The mails, each a row from the transaction that queues it until `MAIL_RETENTION` has passed. The table is the queue: any process
 * may send a due mail.
 */
@Injectable()
export class MailQueue {
  private listener: (() => void) | undefined;

  /**
   * Queues a mail in the transaction that causes it: it leaves after commit, and only then. None for a user who was erased meanwhile, or
   * removed.
   * @returns its id, by which nothing is found where none was queued
   */
  async enqueue(tx: Transaction, mail: NewMail, resend?: Resend): Promise<string> {
    const id = uuidv7();
    await tx.query(ENQUEUE, [
      id,
      mail.userId,
      mail.template,
      mail.recipient,
      mail.data ?? {},
      mail.traceId,
      resend?.of ?? null,
      resend?.by ?? null,
      currentTraceparent() ?? null,
    ]);
    afterCommit(tx, this.notify);
    return id;
  }

  async findById(tx: Transaction, id: string): Promise<MailRow | undefined> {
    if (!isUuid(id)) return undefined;
    const [mail] = await tx.query<MailRow[]>('SELECT * FROM mails WHERE id = $1', [id]);
    return mail;
  }

  /** Makes a queued mail due now. @returns false when it is not queued any more */
  async retryNow(tx: Transaction, id: string): Promise<boolean> {
    const [queued] = await tx.query<[unknown[], number]>(
      `UPDATE mails SET due_at = now() WHERE id = $1 AND state = 'queued' RETURNING id`,
      [id],
    );
    afterCommit(tx, this.notify);
    return queued.length > 0;
  }

  /** How many mails of this template were queued for the user in the last 24 hours. */
  async countInLastDay(tx: Transaction, userId: string, template: MailTemplate): Promise<number> {
    const [row] = await tx.query<[{ count: number }]>(
      `SELECT count(*)::int FROM mails WHERE user_id = $1 AND template = $2 AND created_at > now() - interval '24 hours'`,
      [userId, template],
    );
    return row.count;
  }

  /** Calls `listener` when this process has made a mail due. Those of other processes are found by polling. */
  onDue(listener: () => void): void {
    this.listener = listener;
  }

  private readonly notify = (): void => this.listener?.();
}

// The address may have been read before an erasure that is just being committed. The lock, which the foreign key takes
// anyway, makes this wait and see it; an erasure that comes later waits for the lock, and then finds the mail.
const ENQUEUE = `
  INSERT INTO mails (id, user_id, template, recipient, data, trace_id, resend_of, requested_by, traceparent)
  SELECT $1::uuid, id, $3::text, $4::text, $5::jsonb, $6::text, $7::uuid, $8::uuid, $9::text
  FROM users WHERE id = $2 AND erased_at IS NULL FOR KEY SHARE`;
