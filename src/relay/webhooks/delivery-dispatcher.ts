import { setTimeout as sleep } from 'node:timers/promises';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { pause, waitAtMost } from '../../async/pause.js';
import { PollInterval } from '../../async/poll-interval.js';
import { Wakeup } from '../../async/wakeup.js';
import type { Log } from '../../ops/log.js';
import type { DeliveryOutcome, WebhookMessage, WebhookSender } from './webhook-sender.js';

/** How often to poll without a wakeup. */
const POLL_EVERY_MS = 1000;
/** As above, when there was nothing to send for a minute. */
const POLL_QUIET_MS = 15_000;
/** Deliveries that become due within this time of a poll are leased together. */
const GATHER_MS = 5;
const END_WITHIN_MS = 2000;

/** A delivery that a server has leased, to attempt it now. */
export interface Leased {
  readonly id: string;
  /** Its receiver, whose concurrency it counts towards. */
  readonly endpoint_id: string;
}

/** A kind of deliveries: where they are queued, what is sent, and what becomes of them. */
export interface DeliveryKind<Delivery extends Leased> {
  /** In the plural, for the log. */
  readonly name: string;
  readonly queue: {
    /** @param underWay how many this server is sending already, by receiver */
    leaseDue(underWay: ReadonlyMap<string, number>): Promise<readonly Delivery[]>;
    /** Releases a delivery that was leased and not attempted: it is due at once. */
    release(id: string): Promise<void>;
  };
  readonly messages: { load(deliveries: readonly Delivery[]): Promise<(delivery: Delivery) => WebhookMessage> };
  readonly sender: Pick<WebhookSender, 'send'>;
  readonly outcomes: { record(delivery: Delivery, outcome: DeliveryOutcome): Promise<void> };
  readonly log: Log;
}

/**
 * Sends due deliveries, on every server at once. Each receiver has its own concurrency: one that is slow, or does not answer, delays
 * no other. A delivery is finished when its outcome is recorded; if a server is killed before, the delivery is sent again.
 */
export abstract class DeliveryDispatcher<Delivery extends Leased>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly due = new Wakeup();
  private readonly interval = new PollInterval(POLL_EVERY_MS, POLL_QUIET_MS);
  protected readonly ending = new AbortController();
  private readonly cut = new AbortController();
  private readonly underWay = new Map<string, number>();
  private readonly sending = new Set<Promise<void>>();
  private polling: Promise<void> | undefined;

  /** To be called after a commit that made deliveries due. */
  readonly wake = (): void => this.due.wake();

  constructor(private readonly kind: DeliveryKind<Delivery>) {}

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
        this.kind.log.warn({ err }, `could not poll for due ${this.kind.name}; retrying`);
        // What became due meanwhile is to go out as soon as the database is back, not after a quiet interval.
        this.interval.worked();
        await pause(POLL_EVERY_MS, this.ending.signal);
      }
      if (this.sending.size > 0) this.interval.worked();
      if (await this.due.waitAfter(seen, this.interval.ms, this.ending.signal)) this.interval.worked();
      await sleep(GATHER_MS);
    }
  }

  private async leaseAndSend(): Promise<void> {
    const leased = await this.kind.queue.leaseDue(this.underWay);
    if (leased.length === 0) return;
    const messageOf = await this.kind.messages.load(leased);
    for (const delivery of leased) this.startSending(delivery, messageOf);
  }

  private startSending(delivery: Delivery, messageOf: (delivery: Delivery) => WebhookMessage): void {
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

  private async deliver(delivery: Delivery, messageOf: (delivery: Delivery) => WebhookMessage): Promise<void> {
    try {
      const outcome = await this.kind.sender.send(messageOf(delivery), this.cut.signal).catch((error: unknown) => {
        if (this.cut.signal.aborted) return undefined;
        throw error;
      });
      await (outcome ? this.kind.outcomes.record(delivery, outcome) : this.kind.queue.release(delivery.id));
    } catch (err) {
      this.kind.log.error(
        { err, deliveryId: delivery.id },
        `one of the ${this.kind.name} failed; retrying when its lease expires`,
      );
    }
  }
}
