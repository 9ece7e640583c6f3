import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { pause, waitAtMost } from '../../async/pause.js';
import { PollInterval } from '../../async/poll-interval.js';
import { Wakeup } from '../../async/wakeup.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { MailAttempts, type PreparedMail } from './mail-attempts.js';
import { MailOutcomes } from './mail-outcomes.js';
import { MailQueue } from './mail-queue.js';
import { type LeasedMail, MAIL_LEASE_MS, MailLeases } from './mail-leases.js';
import { MailTransport } from './mail-transport.js';

/** A leased mail that waits for a connection, and when it may be sent. */
interface ReadyMail extends PreparedMail {
  readonly leasedAt: number;
  readonly notBefore: number;
}

const POLL_EVERY_MS = 1000;
/** Mails queued this soon after another one are leased, prepared and recorded together, which costs the database hardly more than one. */
const GATHER_MS = 25;
/** When there was nothing to send for a minute; mails of this server wake the loop. */
const POLL_QUIET_MS = 15_000;
const RENEW_EVERY_MS = 2500;
const GRACE_MS = 3000;
/** How many mails are leased ahead for each connection. */
const LEASED_AHEAD = 4;

/** Leases due mails, sends them over `SMTP_CONNECTIONS` connections, and records their outcomes. */
@Injectable()
export class MailDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly ready: ReadyMail[] = [];
  private readonly sending = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();
  private polling: Promise<void> | undefined;
  private renewTimer: NodeJS.Timeout | undefined;
  private gathering: NodeJS.Timeout | undefined;
  private isGathered = false;
  private renewedAt = 0;
  private isPollFailing = false;
  /** Whether mails may be due that were not leased, for want of connections. */
  private isMoreDue = true;
  private readonly due = new Wakeup();
  private readonly interval = new PollInterval(POLL_EVERY_MS, POLL_QUIET_MS);

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly queue: MailQueue,
    private readonly leases: MailLeases,
    private readonly attempts: MailAttempts,
    private readonly outcomes: MailOutcomes,
    private readonly transport: MailTransport,
  ) {}

  onApplicationBootstrap(): void {
    this.queue.onDue(() => this.gather());
    this.renewTimer = setInterval(() => void this.renewLeases(), RENEW_EVERY_MS);
    this.renewTimer.unref();
    this.polling = this.pollDueMails();
  }

  /** Mails that are being sent get three seconds; the others are released at once. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    clearInterval(this.renewTimer);
    clearTimeout(this.gathering);
    const done = this.finish();
    await waitAtMost(GRACE_MS, done);
    this.transport.close();
    await waitAtMost(GRACE_MS, done);
    this.outcomes.giveUp();
  }

  /** At once for the first mail, and for all that follow it closely together. */
  private gather(): void {
    this.isGathered = this.gathering !== undefined;
    if (this.isGathered) return;
    this.due.wake();
    this.gathering = setTimeout(() => {
      this.gathering = undefined;
      if (this.isGathered) this.gather();
    }, GATHER_MS).unref();
  }

  private async pollDueMails(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const seen = this.due.count;
      const isMore = await this.leaseMore();
      this.startSending();
      if (this.ready.length + this.sending.size > 0 || this.transport.outage.lasts) this.interval.worked();
      if (!isMore && (await this.due.waitAfter(seen, this.interval.ms, this.ending.signal))) this.interval.worked();
    }
  }

  private async finish(): Promise<void> {
    await this.polling;
    await Promise.all([...this.sending.values(), this.release()]);
  }

  /** @returns true when there may be more to lease at once */
  private async leaseMore(): Promise<boolean> {
    const wanted = this.capacity();
    this.isMoreDue = true;
    if (wanted <= 0) return false;
    try {
      const mails = await this.leases.leaseDue(wanted);
      this.isPollFailing = false;
      this.isMoreDue = mails.length === wanted;
      if (mails.length === 0) return false;
      const { SMTP_RATE_LIMIT: rate } = this.settings;
      const leasedAt = performance.now();
      const first = rate === undefined ? 0 : leasedAt + (await this.leases.reserveSends(mails.length, rate));
      const between = rate === undefined ? 0 : 1000 / rate;
      const prepared = await this.attempts.prepare(mails);
      this.ready.push(...prepared.map((mail, index) => ({ ...mail, leasedAt, notBefore: first + index * between })));
      return this.capacity() > 0 && mails.length === wanted;
    } catch (err) {
      if (!this.isPollFailing) this.log.warn({ err }, 'could not poll for due mail; retrying');
      this.isPollFailing = true;
      return false;
    }
  }

  /** How many mails to lease. During an outage of the server, one mail at a time probes it. */
  private capacity(): number {
    const { outage } = this.transport;
    if (outage.lasts) return outage.pauseMs === 0 && this.ready.length + this.sending.size === 0 ? 1 : 0;
    const { SMTP_CONNECTIONS: connections, SMTP_RATE_LIMIT: rate = Infinity } = this.settings;
    const most = Math.min(connections * LEASED_AHEAD, Math.max(1, Math.ceil(rate)));
    return this.ready.length > most / 2 ? 0 : most - this.ready.length;
  }

  /** Sends leased mails, as far as there are connections. */
  private startSending(): void {
    if (this.transport.outage.pauseMs > 0) void this.release();
    while (this.sending.size < this.settings.SMTP_CONNECTIONS && !this.ending.signal.aborted) {
      const ready = this.ready.shift();
      if (!ready) break;
      const done = this.deliver(ready).finally(() => {
        this.sending.delete(ready.mail.id);
        this.startSending();
        // Lease more before the last one is sent.
        if (this.isMoreDue && this.capacity() > 0) this.due.wake();
      });
      this.sending.set(ready.mail.id, done);
    }
  }

  private async deliver({ leasedAt, notBefore, ...prepared }: ReadyMail): Promise<void> {
    const wait = notBefore - performance.now();
    if (wait > 0) await pause(wait, this.ending.signal);
    // A process that stood still for this long has lost its leases to others.
    if (performance.now() - Math.max(leasedAt, this.renewedAt) > MAIL_LEASE_MS) return;
    const { signal } = this.ending;
    await this.outcomes.record(
      signal.aborted ? released(prepared.mail) : await this.attempts.attempt(prepared, signal),
    );
  }

  /** Releases the mails that are not being sent yet. */
  private async release(): Promise<void> {
    await Promise.all(this.ready.splice(0).map(({ mail }) => this.outcomes.record(released(mail))));
  }

  private async renewLeases(): Promise<void> {
    const ids = [...this.sending.keys(), ...this.ready.map(({ mail }) => mail.id)];
    if (ids.length === 0) return;
    try {
      await this.leases.renew(ids);
      this.renewedAt = performance.now();
    } catch (err) {
      this.log.warn({ err }, 'could not renew the leases of mails; retrying');
    }
  }
}

/** Due again at once. */
function released({ id }: LeasedMail) {
  return { id, state: 'queued', wasTried: false, reason: null, answer: null, waitMs: 0 } as const;
}
