import { Injectable } from '@nestjs/common';
import { InjectLog, type Log } from '../../ops/log.js';
import { DeliveryDispatcher } from './delivery-dispatcher.js';
import { DeliveryOutcomes } from './delivery-outcomes.js';
import { DeliveryQueue, type LeasedDelivery } from './delivery-queue.js';
import { WebhookMessages } from './webhook-messages.js';
import { WebhookSender } from './webhook-sender.js';

/** Sends due webhook deliveries. Database work is batched, so that one connection leases, one records successes, and one records failures. */
@Injectable()
export class WebhookDispatcher extends DeliveryDispatcher<LeasedDelivery> {
  constructor(
    queue: DeliveryQueue,
    messages: WebhookMessages,
    sender: WebhookSender,
    outcomes: DeliveryOutcomes,
    @InjectLog() log: Log,
  ) {
    super({ name: 'webhook deliveries', queue, messages, sender, outcomes, log });
  }
}
