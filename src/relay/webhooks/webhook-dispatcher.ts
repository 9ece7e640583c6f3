import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { pause, waitAtMost } from '../../async/pause.js';
import { Wakeup } from '../../async/wakeup.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { DeliveryOutcomes } from './delivery-outcomes.js';
import { DeliveryQueue, type LeasedDelivery } from './delivery-queue.js';
import { WebhookMessages } from './webhook-messages.js';
import { type WebhookMessage, WebhookSender } from './webhook-sender.js';

/** How often to poll without a wakeup. */
const POLL_EVERY_MS = 1000;
/** Deliveries that become due within this time of a poll are leased together. */
const GATHER_MS = 5;
const END_WITHIN_MS = 2000;

/**
 * Sends due deliveries, on every server at once. Each endpoint has its own concurrency: one that is slow, or does not answer, delays
 * no other. A delivery is finished when its outcome is recorded; if a server is killed before, the delivery is sent again. Database
 * work is batched, so that one connection leases, one records successes, and one records failures.
 */
@Injectable()
export class WebhookDispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly due = new Wakeup();
  private readonly ending = new AbortController();
  private readonly cut = new AbortController();
  private readonly underWay = new Map<string, number>();
  private readonly sending = new Set<Promise<void>>();
  private polling: Promise<void> | undefined;

  /** To be called after a commit that made deliveries due. */
  readonly wake = (): void => this.due.wake();

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly messages: WebhookMessages,
    private readonly sender: WebhookSender,
    private readonly outcomes: DeliveryOutcomes,
    @InjectLog() private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.polling = this.pollDueDeliveries();
  }

  /** Waits two seconds for deliveries that are being sent; then the rest is cut off and released. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    const ended = Promise.resolve(this.polling).then(() => Promise.all(this.sending));
    await waitAtMost(END_WITHIN_MS, ended);
    this.cut.abort();
    await waitAtMost(END_WITHIN_MS, ended);
  }

  private async pollDueDeliveries(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const seen = this.due.count;
      try {
        await this.leaseAndSend();
      } catch (err) {
        this.log.warn({ err }, 'could not poll for due webhook deliveries; retrying');
        await pause(POLL_EVERY_MS, this.ending.signal);
      }
      await this.due.waitAfter(seen, POLL_EVERY_MS, this.ending.signal);
      await sleep(GATHER_MS);
    }
  }

  private async leaseAndSend(): Promise<void> {
    const leased = await this.queue.leaseDue(this.underWay);
    if (leased.length === 0) return;
    const messageOf = await this.messages.load(leased);
    for (const delivery of leased) this.startSending(delivery, messageOf);
  }

  private startSending(delivery: LeasedDelivery, messageOf: (delivery: LeasedDelivery) => WebhookMessage): void {
    const { endpoint_id } = delivery;
    this.underWay.set(endpoint_id, (this.underWay.get(endpoint_id) ?? 0) + 1);
    const sent = this.deliver(delivery, messageOf).finally(() => {
      const left = (this.underWay.get(endpoint_id) ?? 0) - 1;
      if (left > 0) this.underWay.set(endpoint_id, left);
      else this.underWay.delete(endpoint_id);
      this.sending.delete(sent);
      // The endpoint has room for another.
      this.wake();
    });
    this.sending.add(sent);
  }

  private async deliver(
    delivery: LeasedDelivery,
    messageOf: (delivery: LeasedDelivery) => WebhookMessage,
  ): Promise<void> {
    try {
      const outcome = await this.sender.send(messageOf(delivery), this.cut.signal).catch((error: unknown) => {
        if (this.cut.signal.aborted) return undefined;
        throw error;
      });
      await (outcome ? this.outcomes.record(delivery, outcome) : this.queue.release(delivery.id));
    } catch (err) {
      this.log.error({ err, deliveryId: delivery.id }, 'webhook delivery failed; retrying when its lease expires');
    }
  }
}
