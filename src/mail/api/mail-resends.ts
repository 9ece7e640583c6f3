import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { UserActions } from '../../users/api/user-actions.js';
import { MailContents } from '../notifications/mail-contents.js';
import { leaksLink } from '../delivery/mail-attempts.js';
import { MailQueue, type MailRow } from '../delivery/mail-queue.js';
import { MailItem } from './mails.dto.js';

/** Says the same for a mail that was forgotten after `MAIL_RETENTION`, and one that never was. */
export class MailNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such mail, or no longer. GET /users/{id}/mails lists those of a user.');
  }
}

/** Nobody could use the mail. */
export class MailNotNeeded extends DomainError {
  readonly code = 'mail-not-needed';
  constructor() {
    super(
      'This mail would be of no use: its link was used, withdrawn or replaced, or has expired, or its address is not the one of ' +
        'the account any more. Where a link is still wanted, ask for a fresh one.',
    );
  }
}

/** Sends mails again, because somebody says so. */
@Injectable()
export class MailResends {
  constructor(
    private readonly transactions: Transactions,
    private readonly acts: UserActions,
    private readonly contents: MailContents,
    private readonly queue: MailQueue,
    private readonly limits: RateLimits,
  ) {}

  /**
   * A mail that waits is tried now. Any other is queued once more, as a mail of its own, which says whom it repeats and who
   * wanted it: under the identity of the first, the mailbox of somebody who lost it might hide it.
   * @throws MailNotFound, Forbidden, UserNotFound, MailNotNeeded, TooManyRequests
   */
  async resend(id: string, caller: Caller, context: RequestContext): Promise<MailItem> {
    const mail = await this.transactions.run((tx) => this.queue.findById(tx, id));
    if (!mail) throw new MailNotFound();
    const { user } = await this.acts.findAllowed({ id: mail.user_id, action: 'resendMail', caller });
    await this.limits.consume('mail-resend-to-user', mail.user_id);
    return this.transactions.run(async (tx) => {
      const content = await this.contents.compose(tx, mail);
      if (!content || leaksLink({ ...mail, address: user.email }, content)) throw new MailNotNeeded();
      const again = (await this.queue.retryNow(tx, id)) ? id : await this.repeat(tx, mail, caller, context);
      const queued = await this.queue.findById(tx, again);
      if (!queued) throw new MailNotFound();
      return MailItem.from(queued);
    });
  }

  private async repeat(
    tx: Transaction,
    { id, user_id: userId, template, recipient, data }: MailRow,
    caller: Caller,
    { traceId }: RequestContext,
  ): Promise<string> {
    return this.queue.enqueue(tx, { userId, template, recipient, data, traceId }, { of: id, by: caller.userId });
  }
}
