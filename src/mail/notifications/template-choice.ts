import { Injectable } from '@nestjs/common';
import { InvitationLinks } from '../../auth/invitation/invitation-links.js';
import type { Transaction } from '../../database/transaction.js';
import { Deletions } from '../../users/erasure/deletions.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { QueuedTemplate } from '../delivery/mail-queue.js';
import type { MailTemplate } from './mail-templates.js';

/** What can be done with the account by a person who wants to sign in. */
type AccountStanding = 'open' | 'invited' | 'suspended' | 'deleted' | 'returnable';

/**
 * Chooses the template of a mail when it leaves. For mails about an account that somebody tried to use, it depends on the account:
 * so the mail is true when it leaves, and a registration makes the same work whatever its address is.
 */
@Injectable()
export class TemplateChoice {
  constructor(
    private readonly deletions: Deletions,
    private readonly invitations: InvitationLinks,
  ) {}

  /** The template to send, most often the one that was queued; undefined when the mail is not needed any more. */
  async choose(tx: Transaction, template: QueuedTemplate, user: UserEntity): Promise<MailTemplate | undefined> {
    if (template !== 'already-registered' && template !== 'account-unavailable') return template;
    return templateFor(template, await this.standingOf(tx, user));
  }

  private async standingOf(tx: Transaction, user: UserEntity): Promise<AccountStanding> {
    if (user.deletedAt !== null) return (await this.deletions.mayReturn(tx, user)) ? 'returnable' : 'deleted';
    if (user.suspendedAt !== null) return 'suspended';
    return (await this.invitations.isOpen(tx, user)) ? 'invited' : 'open';
  }
}

function templateFor(
  template: 'already-registered' | 'account-unavailable',
  standing: AccountStanding,
): MailTemplate | undefined {
  switch (standing) {
    case 'returnable':
      return 'restore-account';
    case 'deleted':
    case 'suspended':
      return 'account-unavailable';
    case 'invited':
      return 'invitation';
    case 'open':
      // The account has become usable since the request: a new request will succeed.
      return template === 'account-unavailable' ? undefined : template;
  }
}
