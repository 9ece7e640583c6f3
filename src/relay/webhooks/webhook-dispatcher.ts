import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { pause, waitAtMost } from '../../async/pause.js';
import { Wakeup } from '../../async/wakeup.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { DeliveryOutcomes } from './delivery-outcomes.js';
import { DeliveryQueue, type DueDelivery } from './delivery-queue.js';
import { WebhookMessages } from './webhook-messages.js';
import { type Message, WebhookSender } from './webhook-sender.js';

/** How often what is due is looked for without a hint. */
const LOOK_EVERY_MS = 1000;
/** What comes within so long of the look before is taken together. */
const GATHER_MS = 5;
const END_WITHIN_MS = 2000;

/**
 * Sends what is due, on every server at once. Each endpoint has a few messages under way of its own, and waits for no other: one
 * that is slow, or does not answer, takes nothing from the rest. A delivery is done when its outcome is recorded; a server that
 * is killed before sends it again, or another one does. What needs the database goes there many at a time, so that one
 * connection takes what is due, one records what was accepted, and one what was not.
 */
@Injectable()
export class WebhookDispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly due = new Wakeup();
  private readonly ending = new AbortController();
  private readonly cut = new AbortController();
  private readonly underWay = new Map<string, number>();
  private readonly sending = new Set<Promise<void>>();
  private running: Promise<void> | undefined;

  /** To be called after a commit that made something due. */
  readonly wake = (): void => this.due.wake();

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly messages: WebhookMessages,
    private readonly sender: WebhookSender,
    private readonly outcomes: DeliveryOutcomes,
    @InjectLog() private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  /** Lets what is under way come to its end, for two seconds; the rest is given back. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    const ended = Promise.resolve(this.running).then(() => Promise.all(this.sending));
    await waitAtMost(END_WITHIN_MS, ended);
    this.cut.abort();
    await waitAtMost(END_WITHIN_MS, ended);
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const seen = this.due.count;
      try {
        await this.sendDue();
      } catch (err) {
        this.log.warn({ err }, 'webhooks that are due cannot be looked for; trying again soon');
        await pause(LOOK_EVERY_MS, this.ending.signal);
      }
      await this.due.waitAfter(seen, LOOK_EVERY_MS, this.ending.signal);
      await sleep(GATHER_MS);
    }
  }

  private async sendDue(): Promise<void> {
    const due = await this.queue.take(this.underWay);
    if (due.length === 0) return;
    const messageOf = await this.messages.of(due);
    for (const delivery of due) this.start(delivery, messageOf);
  }

  private start(delivery: DueDelivery, messageOf: (delivery: DueDelivery) => Message): void {
    const { endpoint_id } = delivery;
    this.underWay.set(endpoint_id, (this.underWay.get(endpoint_id) ?? 0) + 1);
    const sent = this.deliver(delivery, messageOf).finally(() => {
      const left = (this.underWay.get(endpoint_id) ?? 0) - 1;
      if (left > 0) this.underWay.set(endpoint_id, left);
      else this.underWay.delete(endpoint_id);
      this.sending.delete(sent);
      // There is room for the next.
      this.wake();
    });
    this.sending.add(sent);
  }

  private async deliver(delivery: DueDelivery, messageOf: (delivery: DueDelivery) => Message): Promise<void> {
    try {
      const outcome = await this.sender.send(messageOf(delivery), this.cut.signal).catch((error: unknown) => {
        if (this.cut.signal.aborted) return undefined;
        throw error;
      });
      await (outcome ? this.outcomes.record(delivery, outcome) : this.queue.giveBack(delivery.id));
    } catch (err) {
      // It is due again when the time is over for which it was ours.
      this.log.error({ err, deliveryId: delivery.id }, 'a webhook could not be sent, or its outcome not be recorded');
    }
  }
}
