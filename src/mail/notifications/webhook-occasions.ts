import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import type { Transaction } from '../../database/transaction.js';
import { type DisabledWebhook, WebhookNotices } from '../../relay/webhooks/webhook-notices.js';
import { UserStore } from '../../users/store/user-store.js';
import { MailQueue } from '../delivery/mail-queue.js';
import type { Told } from './occasion.js';

/** Tells the admins when a webhook was switched off by itself: from then on, events do not get there. */
@Injectable()
export class WebhookOccasions implements OnModuleInit {
  constructor(
    private readonly notices: WebhookNotices,
    private readonly users: UserStore,
    private readonly queue: MailQueue,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.notices.onDisabled((webhook, tx) => this.disabled(webhook, tx));
  }

  private async disabled(webhook: DisabledWebhook, tx: Transaction): Promise<void> {
    const { url, reason, failingSince, lastError, traceId } = webhook;
    const data: Record<keyof Told<'webhook-disabled'>, string | null> = {
      webhook: withoutQuery(url),
      gone: reason === 'gone' ? 'yes' : null,
      failingSince: failingSince.toISOString(),
      lastError,
      disabledAt: this.clock.now().toISOString(),
    };
    for (const { id, email, emailVerified } of await this.users.activeAdmins(tx)) {
      // An address that nobody has proved may be a stranger's.
      if (email === null || !emailVerified) continue;
      await this.queue.add(tx, { userId: id, template: 'webhook-disabled', recipient: email, traceId, data });
    }
  }
}

/** What stands there may be a token. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
