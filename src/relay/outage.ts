import type { Log } from '../ops/log.js';

const REMIND_EVERY_MS = 60_000;
const LONGEST = 300;

/** Tells the log of something that is away: when it goes, every minute, and when it is back; not at every try. */
export class Outage {
  private since: number | undefined;
  private saidAt = 0;

  constructor(
    private readonly log: Log,
    private readonly words: { readonly away: string; readonly back: string },
  ) {}

  goesOn(error: unknown): void {
    const now = performance.now();
    this.since ??= now;
    if (this.saidAt > 0 && now - this.saidAt < REMIND_EVERY_MS) return;
    this.saidAt = now;
    this.log.warn({ reason: reasonOf(error), seconds: secondsBetween(this.since, now) }, this.words.away);
  }

  isOver(): void {
    if (this.since === undefined) return;
    this.log.info({ seconds: secondsBetween(this.since, performance.now()) }, this.words.back);
    this.since = undefined;
    this.saidAt = 0;
  }
}

/** What is at the bottom of an error, for people: clients of brokers wrap what the network or the broker said. */
export function reasonOf(error: unknown): string {
  return [...new Set(messagesOf(error))].join('; ').slice(0, LONGEST);
}

function messagesOf(error: unknown): string[] {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(messagesOf);
  if (!(error instanceof Error)) return [String(error)];
  if (error.cause !== undefined) return messagesOf(error.cause);
  const code = (error as { code?: unknown }).code;
  return [error.message || (typeof code === 'string' ? code : error.name)];
}

function secondsBetween(from: number, to: number): number {
  return Math.round((to - from) / 1000);
}
