import { Injectable } from '@nestjs/common';
import { afterCommit, Transactions } from '../../database/transaction.js';
import type { EventSink, OutgoingEvent, Refusal } from '../event-sink.js';
import { DeliveryQueue, HAS_ENABLED_ENDPOINTS } from './delivery-queue.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';

/** Queues deliveries for the endpoints. Nothing is sent here, so no endpoint can delay the relay. */
@Injectable()
export class WebhookSink implements EventSink {
  readonly name = 'webhooks';
  readonly isIdle = `NOT ${HAS_ENABLED_ENDPOINTS}`;

  constructor(
    private readonly transactions: Transactions,
    private readonly queue: DeliveryQueue,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  async publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]> {
    // An endpoint that is added now gets the events from now on.
    if (!(await this.queue.hasEnabledEndpoints())) return [];
    await this.transactions.run(async (tx) => {
      const queued = await this.queue.enqueue(tx, events);
      if (queued > 0) afterCommit(tx, this.dispatcher.wake);
    });
    return [];
  }
}
