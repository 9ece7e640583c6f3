import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { NewAuthEvent } from './auth-event.js';
import { AuthEvents } from './auth-events.js';

const EVERY_MS = 1000;

/**
 * Evidence of events that can happen many times a second: the first is written immediately, further ones together, at most once a
 * second. So a flood does not cause as many writes, and a crash loses no more than a second.
 */
@Injectable()
export class EvidenceTally implements OnApplicationShutdown {
  private readonly waiting = new Map<string, { event: NewAuthEvent; times: number }>();
  /** Pending writes, for which responses do not wait. */
  private readonly writing = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly events: AuthEvents) {}

  /**
   * @param key the key by which events are counted together
   * @throws the error of a failed write
   */
  async add(key: string, event: NewAuthEvent): Promise<void> {
    const known = this.waiting.get(key);
    if (known) {
      known.event = event;
      known.times += 1;
      return;
    }
    this.waiting.set(key, { event, times: 0 });
    // Failed writes are not retried: the log has the first of each second.
    this.timer ??= setInterval(() => void this.awaited(this.write()).catch(() => undefined), EVERY_MS).unref();
    await this.awaited(this.events.record(undefined, event));
  }

  /** After the last response, and before the database connections close. */
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
