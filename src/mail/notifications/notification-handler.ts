import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AUTH_EVENT_TYPES, type AuthEvent } from '../../auth/sign-in-evidence/auth-event.js';
import { OnAuthEvent } from '../../auth/sign-in-evidence/auth-events.js';
import { Clock } from '../../config/clock.js';
import type { Transaction } from '../../database/transaction.js';
import { OnUserEvent } from '../../events/handlers.js';
import type { UserEvent } from '../../events/user-event.js';
import { type DisabledWebhook, WebhookNotices } from '../../relay/webhooks/webhook-notices.js';
import { UserStore } from '../../users/store/user-store.js';
import { MailQueue } from '../delivery/mail-queue.js';
import { NOTIFICATION_RULES, type NotificationEventType, type NotificationRule } from './notification-rules.js';
import { type NotificationContext, NotificationServices, type QueuedData } from './template-data.js';

/** Queues the mails that an event causes, in the transaction of the event. */
@Injectable()
export class NotificationHandler implements OnModuleInit {
  constructor(
    private readonly users: UserStore,
    private readonly services: NotificationServices,
    private readonly queue: MailQueue,
    private readonly webhooks: WebhookNotices,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.webhooks.onDisabled((webhook, tx) => this.handleDisabledWebhook(webhook, tx));
  }

  @OnUserEvent()
  async handleUserEvent(event: UserEvent, tx: Transaction): Promise<void> {
    await this.applyRules(event.type, event, event.traceId, tx);
  }

  @OnAuthEvent(...AUTH_EVENT_TYPES)
  async handleAuthEvent(event: AuthEvent, tx: Transaction): Promise<void> {
    await this.applyRules(event.type, event, event.context.traceId, tx);
  }

  private async applyRules(
    type: NotificationEventType,
    event: UserEvent | AuthEvent,
    traceId: string,
    tx: Transaction,
  ): Promise<void> {
    // The compiler has checked each rule against the type of its event.
    const rules = NOTIFICATION_RULES.filter((rule) => rule.event === type && (rule.when?.(event as never) ?? true));
    if (rules.length === 0 || event.userId === null) return;
    const user = await this.users.find(tx, event.userId);
    if (!user) return;
    const context = { event, user, services: this.services, tx };
    for (const rule of rules) await this.applyRule(rule, context as NotificationContext<never>, traceId);
  }

  private async applyRule(rule: NotificationRule, context: NotificationContext<never>, traceId: string): Promise<void> {
    const { mail: template, maxPerDay } = rule;
    const { tx } = context;
    const to = await rule.to(context);
    if (!to?.email) return;
    if (maxPerDay !== undefined && (await this.queue.countInLastDay(tx, to.id, template)) >= maxPerDay) return;
    await rule.issueLink?.(context);
    const data = asTexts(await rule.data(context));
    await this.queue.enqueue(tx, { userId: to.id, template, recipient: to.email, traceId, data });
  }

  /** Tells the admins: from now on, events do not arrive there. */
  private async handleDisabledWebhook(webhook: DisabledWebhook, tx: Transaction): Promise<void> {
    const { url, reason, failingSince, lastError, traceId } = webhook;
    const values: QueuedData<'webhook-disabled'> = {
      webhook: withoutQuery(url),
      gone: reason === 'gone' ? 'yes' : null,
      failingSince,
      lastError,
      disabledAt: this.clock.now(),
    };
    for (const { id, email, emailVerified } of await this.users.activeAdmins(tx)) {
      // An unproved address may be a stranger's.
      if (email === null || !emailVerified) continue;
      const mail = { userId: id, template: 'webhook-disabled', recipient: email, traceId } as const;
      await this.queue.enqueue(tx, { ...mail, data: asTexts(values) });
    }
  }
}

/** Template data as the queue stores it. Times are RFC 3339: their language is known when the mail leaves. */
function asTexts(data: object): Record<string, string | null> {
  const texts = Object.entries(data).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(texts) as Record<string, string | null>;
}

/** The query may hold a token. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
