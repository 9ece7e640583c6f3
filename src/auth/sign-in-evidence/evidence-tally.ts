import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { NewAuthEvent } from './auth-event.js';
import { AuthEvents } from './auth-events.js';

const EVERY_MS = 1000;

/**
 * Evidence of what can happen many times a second: the first is written at once, and those after it together, once a second at
 * most. So that who floods a server does not make it write as often, and no more than a second is lost in a crash.
 */
@Injectable()
export class EvidenceTally implements OnApplicationShutdown {
  private readonly waiting = new Map<string, { event: NewAuthEvent; times: number }>();
  /** What is being written just now, which the answers do not wait for. */
  private readonly writing = new Set<Promise<void>>();
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
    this.timer ??= setInterval(() => void this.awaited(this.write()).catch(() => undefined), EVERY_MS).unref();
    await this.awaited(this.events.record(undefined, event));
  }

  /** When the last answer has been given, and before the connections to the database end. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.allSettled([...this.writing, this.write()]);
  }

  private async write(): Promise<void> {
    const due = [...this.waiting.values()];
    this.waiting.clear();
    for (const { event, times } of due) if (times > 0) await this.events.record(undefined, { ...event, times });
  }

  private async awaited(written: Promise<void>): Promise<void> {
    this.writing.add(written);
    await written.finally(() => this.writing.delete(written));
  }
}
