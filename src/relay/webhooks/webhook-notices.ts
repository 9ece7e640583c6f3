import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import type { DisabledReason } from './webhook-endpoints.js';

/** An endpoint that was disabled automatically. */
export interface DisabledWebhook {
  readonly id: string;
  readonly url: string;
  readonly reason: Exclude<DisabledReason, 'admin'>;
  /** Since when it has accepted nothing. */
  readonly failingSince: Date;
  /** The error of the last attempt. */
  readonly lastError: string;
  readonly traceId: string;
}

type Listener = (disabled: DisabledWebhook, tx: Transaction) => Promise<void>;

/** Lets upper rooms react when an endpoint is disabled, in the same transaction. */
@Injectable()
export class WebhookNotices {
  private readonly listeners: Listener[] = [];

  onDisabled(listener: Listener): void {
    this.listeners.push(listener);
  }

  async notifyDisabled(webhook: DisabledWebhook, tx: Transaction): Promise<void> {
    for (const listener of this.listeners) await listener(webhook, tx);
  }
}
