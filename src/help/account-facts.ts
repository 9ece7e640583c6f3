import { Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import type { UserEventType } from '../events/catalogue.js';
import { EventHistory } from '../events/event-history.js';
import type { UserEvent, UserEventOf } from '../events/user-event.js';
import { Deletions } from '../users/erasure/deletions.js';
import { addressKey } from '../users/aggregate/identifiers.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { UserStore } from '../users/store/user-store.js';
import { type Fact, fact } from './facts.js';
import type { Viewer } from './viewer.js';

/** Counted no further. */
const MOST_REGISTRATIONS = 100;

/** What the account itself says: erased, deleted, suspended, or waiting for its address. */
@Injectable()
export class AccountFacts {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly history: EventHistory,
    private readonly deletions: Deletions,
  ) {}

  async of(tx: Transaction, user: UserEntity, viewer: Viewer): Promise<Fact[]> {
    if (user.erasedAt !== null) return this.ofErased(tx, user.id, viewer);
    const facts: Fact[] = [];
    if (user.deletedAt !== null) facts.push(await this.ofDeleted(tx, user, user.deletedAt, viewer));
    if (user.suspendedAt !== null) facts.push(await this.ofSuspended(tx, user, user.suspendedAt, viewer));
    if (user.pending) facts.push(...(await this.ofRegistration(tx, user)));
    // See `SharedMailboxes`.
    const isNameless = user.email !== null && user.emailKey === null && user.usernameKey === null;
    return isNameless ? [...facts, fact('no-own-address', {})] : facts;
  }

  /** Of a user whose row is blank or gone; empty for an id that never was a user's. */
  async ofErased(tx: Transaction, id: string, viewer: Viewer): Promise<Fact[]> {
    const erased = await this.last(tx, id, 'user.erased');
    if (!erased) return [];
    const { reason } = (erased as UserEventOf<'user.erased'>).data;
    return [fact('erased', { reason, by: await viewer.actorName(tx, erased.actor) }, erased.occurredAt)];
  }

  /** How many registrations wait for this address, counted to 100, and when the newest was made; undefined for none. */
  async registrationsFor(
    tx: Transaction,
    email: string,
  ): Promise<{ readonly registrations: number; readonly newest: Date } | undefined> {
    const [row] = await tx.query<[{ registrations: number; newest: Date | null }]>(
      `SELECT count(*)::int AS registrations, max(created_at) AS newest
       FROM (SELECT created_at FROM users WHERE email_key = $1 AND pending ORDER BY id DESC LIMIT $2) AS claims`,
      [addressKey(email), MOST_REGISTRATIONS],
    );
    return row.newest === null ? undefined : { registrations: row.registrations, newest: row.newest };
  }

  private async ofDeleted(tx: Transaction, user: UserEntity, deletedAt: Date, viewer: Viewer): Promise<Fact> {
    const deleted = await this.last(tx, user.id, 'user.deleted');
    const actor = deleted?.actor;
    const values = {
      by: await viewer.actorName(tx, actor),
      bySelf: actor?.kind === 'user' && actor.id === user.id,
      erasedOn: this.deletions.erasedAt(deletedAt),
      mayReturn: await this.deletions.mayReturn(tx, user),
    };
    return fact('deleted', values, deletedAt);
  }

  private async ofSuspended(tx: Transaction, user: UserEntity, at: Date, viewer: Viewer): Promise<Fact> {
    if (!viewer.may('history', user)) return fact('suspended', { by: null, reason: null });
    const event = (await this.last(tx, user.id, 'user.suspended')) as UserEventOf<'user.suspended'> | undefined;
    const reason = viewer.may('suspensionReason', user) ? (event?.data.reason ?? null) : null;
    return fact('suspended', { by: await viewer.actorName(tx, event?.actor), reason }, at);
  }

  private async ofRegistration(tx: Transaction, user: UserEntity): Promise<Fact[]> {
    const removedOn = new Date(user.createdAt.getTime() + this.settings.PENDING_RETENTION);
    const facts: Fact[] = [fact('never-confirmed', { removedOn }, user.createdAt)];
    if (user.email === null) return facts;
    if (await this.users.ownerOf(tx, user.email)) return [...facts, fact('address-taken', {})];
    const all = await this.registrationsFor(tx, user.email);
    if (all && all.registrations > 1 && all.newest > user.createdAt) facts.push(fact('newer-registration', all));
    const [link] = await tx.query<{ until: Date }[]>(
      `SELECT expires_at AS until FROM one_time_tokens
       WHERE user_id = $1 AND purpose = 'verify-email' AND used_at IS NULL AND expires_at > now()`,
      [user.id],
    );
    return [...facts, link ? fact('link-good', link) : fact('link-over', {})];
  }

  private async last(tx: Transaction, id: string, type: UserEventType): Promise<UserEvent | undefined> {
    const [found] = await this.history.page(tx, id, { types: [type], limit: 1 });
    return found?.event;
  }
}
