import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/caller.js';
import type { AuthEventType } from '../auth/sign-in-evidence/auth-event.js';
import type { Transaction } from '../database/transaction.js';
import type { UserEventType } from '../events/catalogue.js';
import { UserStore } from '../users/store/user-store.js';
import { type Fact, fact } from './facts.js';
import { MailFacts, type MailsFound } from './mail-facts.js';
import { refusalReason } from './sign-in-facts.js';
import type { Viewer } from './viewer.js';

interface Change {
  readonly type: UserEventType;
  readonly user_id: string;
  readonly actor: Actor;
  readonly occurred_at: Date;
}

interface Evidence {
  readonly type: AuthEventType;
  readonly user_id: string | null;
  readonly actor_id: string | null;
  readonly reason: string | null;
  readonly ip: string | null;
  readonly last_at: Date;
}

/** A request does few things; a bulk act may do many. */
const MOST_OF_EACH = 50;

/** What one request did: changes of users, sign-ins and refusals, mails. */
@Injectable()
export class TraceFacts {
  constructor(
    private readonly users: UserStore,
    private readonly mails: MailFacts,
  ) {}

  /** Without what the viewer may not see; and the ids of the users whom the rest is about. */
  async of(tx: Transaction, traceId: string, viewer: Viewer): Promise<MailsFound & { readonly userIds: Set<string> }> {
    const changes = await tx.query<Change[]>(
      'SELECT type, user_id, actor, occurred_at FROM user_events WHERE trace_id = $1 ORDER BY occurred_at, user_version LIMIT $2',
      [traceId, MOST_OF_EACH],
    );
    const evidence = await tx.query<Evidence[]>(
      `SELECT type, user_id, actor_id, reason, host(ip) AS ip, last_at
       FROM auth_events WHERE trace_id = $1 ORDER BY last_at, id LIMIT $2`,
      [traceId, MOST_OF_EACH],
    );
    const found = await this.mails.ofTrace(tx, traceId, viewer);
    const ids = [...changes, ...evidence].map((one) => one.user_id);
    const users = new Map(
      (await this.users.findAll(tx, [...new Set(ids.filter((id) => id !== null))])).map((one) => [one.id, one]),
    );
    const names = await viewer.namesOf(tx, ids);
    const userIds = new Set<string>();

    const facts: Fact[] = [];
    for (const { type, user_id: userId, actor, occurred_at: at } of changes) {
      const user = users.get(userId);
      // Of a user who is gone, an ADMIN still reads the log.
      if (user ? !viewer.sees(user) || !viewer.may('history', user) : !viewer.isAdmin) continue;
      userIds.add(userId);
      const values = { type, userId, name: names.get(userId) ?? userId, by: await viewer.actorName(tx, actor) };
      facts.push(fact('trace-change', values, at));
    }
    for (const { type, user_id: userId, actor_id: actorId, reason, ip, last_at: at } of evidence) {
      const user = userId === null ? undefined : users.get(userId);
      if (user ? !viewer.sees(user) || !viewer.may('signIns', user) : !viewer.isAdmin) continue;
      if (userId !== null) userIds.add(userId);
      // From where colleagues work is for an ADMIN, as in the audit.
      const isOthers = actorId !== null && actorId !== userId;
      const from = isOthers && !viewer.isAdmin ? null : ip;
      const name = userId === null ? null : (names.get(userId) ?? userId);
      const why = user ? refusalReason(reason, user, at) : reason;
      facts.push(fact('trace-sign-in', { type, userId, name, reason: why, from }, at));
    }
    facts.sort((one, other) => (one.at?.getTime() ?? 0) - (other.at?.getTime() ?? 0));
    return { facts: [...facts, ...found.facts], mails: found.mails, userIds };
  }
}
