import { Injectable } from '@nestjs/common';
import { InvitationLinks } from '../../auth/invitation/invitation-links.js';
import type { Transaction } from '../../database/transaction.js';
import { Deletions } from '../../users/erasure/deletions.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { QueuedTemplate } from './mail-queue.js';
import type { MailTemplate } from '../notifications/mail-templates.js';

/** What somebody can do with their account who wants to get in. */
export type Standing = 'open' | 'invited' | 'suspended' | 'deleted' | 'returnable';

/**
 * Mails to whoever wants to get in, of which it is found out only when they leave which one it has to be: what they say of the account is
 * so at that moment, and a registration makes the same work whatever its address is.
 */
@Injectable()
export class MailTurns {
  constructor(
    private readonly deletions: Deletions,
    private readonly invitations: InvitationLinks,
  ) {}

  /** The mail that leaves in place of the one that was queued, most often itself; undefined when there is nothing to say any more. */
  async of(tx: Transaction, template: QueuedTemplate, user: UserEntity): Promise<MailTemplate | undefined> {
    if (template !== 'already-registered' && template !== 'account-unavailable') return template;
    return mailAbout(template, await this.standing(tx, user));
  }

  private async standing(tx: Transaction, user: UserEntity): Promise<Standing> {
    if (user.deletedAt !== null) return (await this.deletions.mayReturn(tx, user)) ? 'returnable' : 'deleted';
    if (user.suspendedAt !== null) return 'suspended';
    return (await this.invitations.isOpen(tx, user)) ? 'invited' : 'open';
  }
}

function mailAbout(
  template: 'already-registered' | 'account-unavailable',
  standing: Standing,
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
      // Open again since somebody asked: what they want, they can ask for once more.
      return template === 'account-unavailable' ? undefined : template;
  }
}
