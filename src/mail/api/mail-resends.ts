import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import { RateLimits } from '../../auth/rate-limits/rate-limits.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { DomainError } from '../../problems/domain-error.js';
import { UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { MailContents } from '../notifications/mail-contents.js';
import { MailQueue, type MailRow } from '../delivery/mail-queue.js';
import { MailItem } from './mails.dto.js';

/** The mail never existed, or was removed after `MAIL_RETENTION`. */
export class MailNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('Mail not found. It may have been removed after its retention.');
  }
}

/** The mail would be useless. */
export class MailNotNeeded extends DomainError {
  readonly code = 'mail-not-needed';
  constructor() {
    super(
      'This mail is no longer needed: its link was used, revoked or replaced, or has expired, or the address of the account has ' +
        'changed. If a link is still needed, request a new one.',
    );
  }
}

/** Resends mails on request. */
@Injectable()
export class MailResends {
  constructor(
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
    private readonly users: UserStore,
    private readonly contents: MailContents,
    private readonly queue: MailQueue,
    private readonly limits: RateLimits,
  ) {}

  /**
   * A queued mail is retried now. Any other is repeated as a new mail, which names the first one and the caller: with the same
   * identity, a mailbox that lost or hid the first might hide it too.
   * @throws MailNotFound, Forbidden, UserNotFound, MailNotNeeded, TooManyRequests
   */
  async resend(id: string, caller: Caller, context: RequestContext): Promise<MailItem> {
    const asked = await this.transactions.run((tx) => this.queue.findById(tx, id));
    if (!asked) throw new MailNotFound();
    await this.actions.findAllowed({ id: asked.user_id, action: 'resendMail', caller });
    await this.limits.consume('mail-resend-to-user', asked.user_id);
    return this.transactions.run(async (tx) => {
      // Locked and read again: the user, or the person of the address, may have been erased meanwhile.
      await this.users.lockForUpdate(tx, asked.user_id);
      const mail = await this.queue.findById(tx, id);
      if (!mail) throw new MailNotFound();
      const content = await this.contents.compose(tx, mail);
      if (!content) throw new MailNotNeeded();
      const again = (await this.queue.retryNow(tx, id)) ? id : await this.repeat(tx, mail, caller, context);
      const queued = await this.queue.findById(tx, again);
      if (!queued) throw new MailNotFound();
      return MailItem.from(queued, 'staff');
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
