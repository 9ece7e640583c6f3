import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { NewAuthEvent } from './auth-event.js';
import { AuthEvents } from './auth-events.js';

const EVERY_MS = 1000;

/**
 * Evidence of what can happen many times a second: the first is written at once, and those after it together, once a second at
 * most. So that who floods a server does not make it write as often, and no more than a second is lost in a crash.
 */
@Injectable()
export class EvidenceTally implements BeforeApplicationShutdown {
  private readonly waiting = new Map<string, { event: NewAuthEvent; times: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly events: AuthEvents) {}

  /**
   * @param key what is counted together
   * @throws what says that it could not be written
   */
  async add(key: string, event: NewAuthEvent): Promise<void> {
    const known = this.waiting.get(key);
    if (known) {
      known.event = event;
      known.times += 1;
      return;
    }
    this.waiting.set(key, { event, times: 0 });
    // What cannot be written is tried no more: the log has the first of each second.
    this.timer ??= setInterval(() => void this.write().catch(() => undefined), EVERY_MS).unref();
    await this.events.record(undefined, event);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.write().catch(() => undefined);
  }

  private async write(): Promise<void> {
    const due = [...this.waiting.values()];
    this.waiting.clear();
    for (const { event, times } of due) if (times > 0) await this.events.record(undefined, { ...event, times });
  }
}
