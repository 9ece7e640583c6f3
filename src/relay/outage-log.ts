import type { Log } from '../ops/log.js';

const REMIND_EVERY_MS = 60_000;
const MAX_REASON_LENGTH = 300;

/** Logs an outage when it begins, every minute while it lasts, and when it is over, rather than at every attempt. */
export class OutageLog {
  private since: number | undefined;
  private loggedAt = 0;

  constructor(
    private readonly log: Log,
    private readonly messages: { readonly failing: string; readonly recovered: string },
  ) {}

  failed(error: unknown): void {
    const now = performance.now();
    this.since ??= now;
    if (this.loggedAt > 0 && now - this.loggedAt < REMIND_EVERY_MS) return;
    this.loggedAt = now;
    this.log.warn({ reason: reasonOf(error), seconds: secondsBetween(this.since, now) }, this.messages.failing);
  }

  recovered(): void {
    if (this.since === undefined) return;
    this.log.info({ seconds: secondsBetween(this.since, performance.now()) }, this.messages.recovered);
    this.since = undefined;
    this.loggedAt = 0;
  }
}

/** The root cause of an error, for people: broker clients wrap the errors of the network and the broker. */
export function reasonOf(error: unknown): string {
  return [...new Set(messagesOf(error))].join('; ').slice(0, MAX_REASON_LENGTH);
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
