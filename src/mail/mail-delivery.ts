import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { type Transaction, Transactions } from '../database/transaction.js';
import { type JobRun, Jobs } from '../jobs/jobs.js';
import { InjectLog, type Log } from '../ops/log.js';
import { MailContents } from './mail-contents.js';
import { DELIVER_JOB, MailQueue } from './mail-queue.js';
import { isPermanent, MailTransport } from './mail-transport.js';

/** Takes queued mails to the SMTP server and records what became of them. */
@Injectable()
export class MailDelivery implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
    private readonly queue: MailQueue,
    private readonly contents: MailContents,
    private readonly transport: MailTransport,
  ) {}

  onModuleInit(): void {
    this.jobs.handle<{ mailId: string }>(DELIVER_JOB, ({ mailId }, run) => this.deliver(mailId, run));
  }

  private async deliver(mailId: string, run: JobRun): Promise<void> {
    const prepared = await this.transactions.run((tx) => this.prepare(tx, mailId));
    if (!prepared) return;
    const { mail, content } = prepared;
    const about = { mailId, template: mail.template, traceId: mail.trace_id };
    try {
      await this.transport.send({
        ...content,
        to: mail.recipient,
        // The same at every try, so that who receives it twice can tell.
        messageId: `<${mailId}@${new URL(this.settings.PUBLIC_URL).hostname}>`,
        traceId: mail.trace_id,
        date: mail.created_at,
      });
    } catch (err) {
      const final = isPermanent(err) || run.attempt >= run.maxAttempts;
      const reason = (err as Error).message;
      await this.transactions.run((tx) => this.queue.recordFailure(tx, mailId, reason, final));
      this.log.warn({ ...about, attempt: run.attempt, final, reason }, 'mail could not be handed over');
      if (final) return;
      throw err;
    }
    await this.transactions.run((tx) => this.queue.recordSent(tx, mailId));
    this.log.info(about, 'mail sent');
  }

  private async prepare(tx: Transaction, mailId: string) {
    const mail = await this.queue.due(tx, mailId);
    if (!mail) return undefined;
    const content = await this.contents.of(tx, mail);
    if (content) return { mail, content };
    await this.queue.recordFailure(tx, mailId, 'not needed any more: the link was used or withdrawn', true);
    return undefined;
  }
}
