import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { pause, waitAtMost } from '../../async/pause.js';
import { Wakeup } from '../../async/wakeup.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { MailAttempts, type PreparedMail } from './mail-attempts.js';
import { MailOutcomes } from './mail-outcomes.js';
import { MailQueue } from './mail-queue.js';
import { LEASE_MS, type MailInHand, MailsInHand } from './mails-in-hand.js';
import { MailTransport } from './mail-transport.js';

/** A mail that is in hand, and when it may leave. */
interface Held extends PreparedMail {
  readonly takenAt: number;
  readonly notBefore: number;
}

const LOOK_EVERY_MS = 1000;
const KEEP_EVERY_MS = 2500;
const GRACE_MS = 3000;
/** How many mails are taken ahead, for each connection. */
const AHEAD = 4;

/** Takes mails that are due to the SMTP server, over `SMTP_CONNECTIONS` connections, and records what became of them. */
@Injectable()
export class MailDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly held: Held[] = [];
  private readonly leaving = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();
  private running: Promise<void> | undefined;
  private keeper: NodeJS.Timeout | undefined;
  private keptAt = 0;
  private isBlind = false;
  private readonly due = new Wakeup();

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly queue: MailQueue,
    private readonly inHand: MailsInHand,
    private readonly attempts: MailAttempts,
    private readonly outcomes: MailOutcomes,
    private readonly transport: MailTransport,
  ) {}

  onApplicationBootstrap(): void {
    this.queue.whenDue(() => this.due.wake());
    this.keeper = setInterval(() => void this.keep(), KEEP_EVERY_MS);
    this.keeper.unref();
    this.running = this.run();
  }

  /** Mails under way get three seconds; what is still in hand then is free for others at once. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    clearInterval(this.keeper);
    const done = this.finish();
    await waitAtMost(GRACE_MS, done);
    this.transport.close();
    await waitAtMost(GRACE_MS, done);
    this.outcomes.giveUp();
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const seen = this.due.count;
      const isMore = await this.take();
      this.leave();
      if (!isMore) await this.due.waitAfter(seen, LOOK_EVERY_MS, this.ending.signal);
    }
  }

  private async finish(): Promise<void> {
    await this.running;
    await Promise.all([...this.leaving.values(), this.letGo()]);
  }

  /** @returns true when there may be more to take at once */
  private async take(): Promise<boolean> {
    const wanted = this.wanted();
    if (wanted <= 0) return false;
    try {
      const mails = await this.inHand.take(wanted);
      this.isBlind = false;
      if (mails.length === 0) return false;
      const { SMTP_RATE_LIMIT: rate } = this.settings;
      const takenAt = performance.now();
      const first = rate === undefined ? 0 : takenAt + (await this.inHand.takeTurns(mails.length, rate));
      const between = rate === undefined ? 0 : 1000 / rate;
      const prepared = await this.attempts.prepare(mails);
      this.held.push(...prepared.map((mail, turn) => ({ ...mail, takenAt, notBefore: first + turn * between })));
      return this.wanted() > 0 && mails.length === wanted;
    } catch (err) {
      if (!this.isBlind) this.log.warn({ err }, 'mails that are due could not be looked for; trying again and again');
      this.isBlind = true;
      return false;
    }
  }

  /** While the server cannot be used, one mail at a time finds out whether that is over. */
  private wanted(): number {
    const { outage } = this.transport;
    if (outage.lasts) return outage.pauseMs === 0 && this.held.length + this.leaving.size === 0 ? 1 : 0;
    const { SMTP_CONNECTIONS: connections, SMTP_RATE_LIMIT: rate = Infinity } = this.settings;
    const most = Math.min(connections * AHEAD, Math.max(1, Math.ceil(rate)));
    return this.held.length > most / 2 ? 0 : most - this.held.length;
  }

  /** Sends what is in hand on its way, as far as there are connections. */
  private leave(): void {
    if (this.transport.outage.pauseMs > 0) void this.letGo();
    while (this.leaving.size < this.settings.SMTP_CONNECTIONS && !this.ending.signal.aborted) {
      const held = this.held.shift();
      if (!held) break;
      const done = this.deliver(held).finally(() => {
        this.leaving.delete(held.mail.id);
        this.leave();
        // Time to take more, before the last has left.
        if (this.wanted() > 0) this.due.wake();
      });
      this.leaving.set(held.mail.id, done);
    }
  }

  private async deliver({ takenAt, notBefore, ...prepared }: Held): Promise<void> {
    const wait = notBefore - performance.now();
    if (wait > 0) await pause(wait, this.ending.signal);
    // A process that stood still for so long has lost what it had in hand to others.
    if (performance.now() - Math.max(takenAt, this.keptAt) > LEASE_MS) return;
    const { signal } = this.ending;
    await this.outcomes.record(signal.aborted ? untouched(prepared.mail) : await this.attempts.make(prepared, signal));
  }

  /** Gives back what has not begun to leave. */
  private async letGo(): Promise<void> {
    await Promise.all(this.held.splice(0).map(({ mail }) => this.outcomes.record(untouched(mail))));
  }

  private async keep(): Promise<void> {
    const ids = [...this.leaving.keys(), ...this.held.map(({ mail }) => mail.id)];
    if (ids.length === 0) return;
    try {
      await this.inHand.keep(ids);
      this.keptAt = performance.now();
    } catch (err) {
      this.log.warn({ err }, 'mails in hand could not be kept');
    }
  }
}

function untouched({ id }: MailInHand) {
  return { id, state: 'queued', wasTried: false, reason: null, answer: null, waitMs: 0 } as const;
}
