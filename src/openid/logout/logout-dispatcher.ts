import { Injectable } from '@nestjs/common';
import type { Wakeup } from '../../async/wakeup.js';
import { Revocations } from '../../auth/sessions/revocations.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { DeliveryDispatcher } from '../../relay/webhooks/delivery-dispatcher.js';
import { LogoutMessages } from './logout-messages.js';
import { type LeasedLogout, LogoutQueue } from './logout-queue.js';
import { LogoutSender } from './logout-sender.js';

const LOOK_EVERY_MS = 60_000;

/** Sends due logout tokens: at once where this server ended the session or the grant, or hears that another one did. */
@Injectable()
export class LogoutDispatcher extends DeliveryDispatcher<LeasedLogout> {
  constructor(
    queue: LogoutQueue,
    messages: LogoutMessages,
    sender: LogoutSender,
    private readonly revocations: Revocations,
    @InjectLog() log: Log,
  ) {
    super({ name: 'logout tokens', queue, messages, sender, outcomes: queue, log });
  }

  override onApplicationBootstrap(): void {
    super.onApplicationBootstrap();
    const { made, found } = this.revocations;
    void this.wakeWith(made);
    // By an operator's command, or by a server that was killed before it sent them.
    void this.wakeWith(found);
  }

  private async wakeWith(endings: Wakeup): Promise<void> {
    let seen = endings.count;
    while (!this.ending.signal.aborted) {
      const isNew = await endings.waitAfter(seen, LOOK_EVERY_MS, this.ending.signal);
      seen = endings.count;
      if (isNew) this.wake();
    }
  }
}
