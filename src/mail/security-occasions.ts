import { Injectable } from '@nestjs/common';
import { LockNotices } from '../auth/lockout/lock-notices.js';
import type { AuthEvent } from '../auth/sign-in-evidence/auth-event.js';
import { OnAuthEvent } from '../auth/sign-in-evidence/auth-events.js';
import type { Transaction } from '../database/transaction.js';
import { describeOrigin } from '../http/device.js';
import { readableTime } from '../http/pages.js';
import { Users } from '../users/users.js';
import { MailQueue } from './mail-queue.js';

/** Whoever locks somebody else out again and again must not fill their mailbox as well. */
const LOCK_MAILS_A_DAY = 3;
const REUSE_MAILS_A_DAY = 3;

/** Which sign-in evidence is an occasion for which mail. */
@Injectable()
export class SecurityOccasions {
  constructor(
    private readonly users: Users,
    private readonly queue: MailQueue,
    private readonly locks: LockNotices,
  ) {}

  @OnAuthEvent('account.locked')
  async locked({ userId, reason, context, occurredAt }: AuthEvent, tx: Transaction): Promise<void> {
    const user = userId === null ? null : await this.users.find(tx, userId);
    // A device that the user knows was locked by whoever holds it, and locks nobody else.
    if (!user?.email || user.pending || reason === 'known-device') return;
    if (user.deletedAt !== null || user.suspendedAt !== null) return;
    if ((await this.queue.countOfDay(tx, user.id, 'account-locked')) >= LOCK_MAILS_A_DAY) return;
    await this.locks.issueLink(tx, user.id, context);
    await this.queue.add(tx, {
      userId: user.id,
      template: 'account-locked',
      recipient: user.email,
      traceId: context.traceId,
      data: {
        requestedAt: readableTime(occurredAt),
        requestedFrom: describeOrigin(context.userAgent, context.ip),
      },
    });
  }

  @OnAuthEvent('session.reuse_detected')
  async reused({ userId, context, occurredAt }: AuthEvent, tx: Transaction): Promise<void> {
    const user = userId === null ? null : await this.users.find(tx, userId);
    if (!user?.email || user.deletedAt !== null || user.suspendedAt !== null) return;
    if ((await this.queue.countOfDay(tx, user.id, 'session-reused')) >= REUSE_MAILS_A_DAY) return;
    await this.queue.add(tx, {
      userId: user.id,
      template: 'session-reused',
      recipient: user.email,
      traceId: context.traceId,
      data: {
        requestedAt: readableTime(occurredAt),
        requestedFrom: describeOrigin(context.userAgent, context.ip),
      },
    });
  }
}
