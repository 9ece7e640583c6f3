import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import type { DisabledReason } from './webhook-endpoints.js';

/** An endpoint that was switched off by itself. */
export interface DisabledWebhook {
  readonly id: string;
  readonly url: string;
  readonly reason: Exclude<DisabledReason, 'admin'>;
  /** Since when it had not taken anything. */
  readonly failingSince: Date;
  /** What came of the last try. */
  readonly lastError: string;
  readonly traceId: string;
}

type Listener = (disabled: DisabledWebhook, tx: Transaction) => Promise<void>;

/** Tells floors above what admins should know: whoever wants to is called in the transaction that does it. */
@Injectable()
export class WebhookNotices {
  private readonly listeners: Listener[] = [];

  onDisabled(listener: Listener): void {
    this.listeners.push(listener);
  }

  async disabled(webhook: DisabledWebhook, tx: Transaction): Promise<void> {
    for (const listener of this.listeners) await listener(webhook, tx);
  }
}
