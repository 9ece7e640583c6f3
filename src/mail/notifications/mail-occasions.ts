import { Injectable } from '@nestjs/common';
import { AUTH_EVENT_TYPES, type AuthEvent } from '../../auth/sign-in-evidence/auth-event.js';
import { OnAuthEvent } from '../../auth/sign-in-evidence/auth-events.js';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { UserStore } from '../../users/store/user-store.js';
import { MailQueue } from '../delivery/mail-queue.js';
import type { Moment, Occasion, OccasionEventType } from './occasion.js';
import { OccasionFacts } from './occasion-facts.js';
import { OCCASIONS } from './occasions.js';

/** Adds the mails that an event is an occasion for, in the transaction of the event. */
@Injectable()
export class MailOccasions {
  constructor(
    private readonly users: UserStore,
    private readonly facts: OccasionFacts,
    private readonly queue: MailQueue,
  ) {}

  @OnUserEvent()
  async changed(event: UserEvent, tx: Transaction): Promise<void> {
    await this.tell(event.type, event, event.traceId, tx);
  }

  @OnAuthEvent(...AUTH_EVENT_TYPES)
  async happened(event: AuthEvent, tx: Transaction): Promise<void> {
    await this.tell(event.type, event, event.context.traceId, tx);
  }

  private async tell(
    type: OccasionEventType,
    event: UserEvent | AuthEvent,
    traceId: string,
    tx: Transaction,
  ): Promise<void> {
    // Which events a row takes was checked where it was written.
    const due = OCCASIONS.filter((row) => row.event === type && (row.when?.(event as never) ?? true));
    if (due.length === 0 || event.userId === null) return;
    const user = await this.users.find(tx, event.userId);
    if (!user) return;
    const moment = { event, user, facts: this.facts, tx };
    for (const occasion of due) await this.add(occasion, moment as Moment<never>, traceId);
  }

  private async add(occasion: Occasion, moment: Moment<never>, traceId: string): Promise<void> {
    const { mail: template, aDay } = occasion;
    const { tx } = moment;
    const to = await occasion.to(moment);
    if (!to?.email) return;
    if (aDay !== undefined && (await this.queue.countOfDay(tx, to.id, template)) >= aDay) return;
    await occasion.link?.(moment);
    const data = kept(await occasion.tells(moment));
    await this.queue.add(tx, { userId: to.id, template, recipient: to.email, traceId, data });
  }
}

/** As it is stored: times in RFC 3339, for in what language they will be read is known when the mail leaves. */
function kept(told: object): Record<string, string | null> {
  const texts = Object.entries(told).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(texts) as Record<string, string | null>;
}
