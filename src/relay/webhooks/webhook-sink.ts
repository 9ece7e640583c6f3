import { Injectable } from '@nestjs/common';
import { afterCommit, Transactions } from '../../database/transaction.js';
import type { EventSink, OutgoingEvent, Refusal } from '../event-sink.js';
import { DeliveryQueue } from './delivery-queue.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';

/** Hands events over to the queues of the endpoints. Nothing is sent here: no endpoint holds up the relay. */
@Injectable()
export class WebhookSink implements EventSink {
  readonly name = 'webhooks';

  constructor(
    private readonly transactions: Transactions,
    private readonly queue: DeliveryQueue,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  async publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]> {
    // Whoever adds an endpoint now gets what happens from now on.
    if (!(await this.queue.isWanted())) return [];
    await this.transactions.run(async (tx) => {
      const added = await this.queue.add(tx, events);
      if (added > 0) afterCommit(tx, this.dispatcher.wake);
    });
    return [];
  }
}
