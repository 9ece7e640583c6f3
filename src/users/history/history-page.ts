import type { Actor, Caller } from '../../access/caller.js';
import { allows, type Rank } from '../../access/policy.js';
import type { Transaction } from '../../database/transaction.js';
import { forThePerson } from '../../events/catalogue.js';
import type { EventHistory, PastEvent } from '../../events/event-history.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { summaryOf } from './event-summary.js';
import { rankOf } from '../api/user-actions.js';
import type { HistoryActor, HistoryItem, HistoryQuery } from './user-history.dto.js';
import type { UserEntity } from '../store/user.entity.js';
import type { UserStore } from '../store/user-store.js';

/**
 * One page of a user's events, the newest first.
 * @throws ValidationFailed for a cursor of another user's history, or of other types
 */
export async function readHistoryPage(
  tx: Transaction,
  events: EventHistory,
  users: UserStore,
  { id, caller, user }: { readonly id: string; readonly caller: Caller; readonly user: UserEntity | null },
  { type, ...query }: HistoryQuery,
): Promise<PageRead<HistoryItem>> {
  const { items: past, ...around } = await newestFirst<PastEvent, PastEvent>(query, {
    sort: '-version',
    filters: { user: id, type },
    isKey: (key) => key !== null && /^[1-9]\d{0,8}$/.test(key),
    place: ({ event }) => ({ key: String(event.userVersion), id: event.id }),
    find: ({ limit, from }) => {
      const side = from && { comparison: from.comparison, version: Number(from.place.key) };
      return events.page(tx, id, { types: type, side, limit });
    },
    item: (row) => row,
  });

  const viewer = rankOf(caller);
  const ids = past.flatMap(({ event: { actor } }) => (actor.kind === 'user' ? [actor.id] : []));
  const known = (await users.findAll(tx, [...new Set(ids)])).filter((actor) => mayName(viewer, actor));
  const actors = new Map(known.map((actor) => [actor.id, actor]));
  // A completely erased user has no data left that would have to be protected.
  const isForStaff = user !== null && allows(viewer, 'suspensionReason', user);
  const told = past.map(({ event, erased }) => ({ event: isForStaff ? event : forThePerson(event), erased }));
  return { items: told.map((row) => itemOf(row, actors)), ...around };
}

/** As in `GET /users/{id}`: only an ADMIN sees a deleted user. */
function mayName(viewer: Rank, actor: UserEntity): boolean {
  return allows(viewer, 'read', actor) && (actor.deletedAt === null || viewer.role === 'ADMIN');
}

function itemOf({ event, erased }: PastEvent, actors: ReadonlyMap<string, UserEntity>): HistoryItem {
  return {
    id: event.id,
    type: event.type,
    version: event.version,
    userVersion: event.userVersion,
    summary: summaryOf(event),
    data: event.data,
    erased,
    actor: actorOf(event.actor, actors),
    traceId: event.traceId,
    occurredAt: event.occurredAt.toISOString(),
  };
}

function actorOf(actor: Actor, actors: ReadonlyMap<string, UserEntity>): HistoryActor {
  if (actor.kind !== 'user') return { kind: actor.kind };
  const { kind, id, role } = actor;
  const user = actors.get(id);
  if (!user) return { kind, id, role };
  const fullName = [user.firstName, user.lastName].filter((part) => part !== null).join(' ');
  return { kind, id, role, name: fullName || user.nickname, username: user.username, email: user.email };
}
