import type { HistoryItem, MailItem, SignInItem } from '../api/schema.js';

export const KINDS = ['changes', 'signIns', 'mails'] as const;
/** The lists of a person that the timeline is made of. */
export type Kind = (typeof KINDS)[number];

/** The items of each list. */
export interface Items {
  readonly changes: HistoryItem;
  readonly signIns: SignInItem;
  readonly mails: MailItem;
}

/** An entry of the timeline. */
export type Entry = { readonly [K in Kind]: { readonly kind: K; readonly item: Items[K] } }[Kind];

/** One list, newest first, as far as it has been read. */
export type ReadList = {
  readonly [K in Kind]: {
    readonly kind: K;
    readonly items: readonly Items[K][];
    /** Whether the API has older items than these. */
    readonly hasMore: boolean;
  };
}[Kind];

/** What can be told so far. */
export interface Timeline {
  /** Newest first. No entry will ever be added above or between them by reading further. */
  readonly entries: readonly Entry[];
  /** The lists to read further before older entries can be told; empty at the end of all. */
  readonly next: readonly Kind[];
}

interface Placed {
  readonly entry: Entry;
  readonly time: number;
}

interface Placement {
  readonly kind: Kind;
  /** Newest first. */
  readonly placed: readonly Placed[];
  /** No unread item of this list is later than this; undefined once all have been read. */
  readonly limit: number | undefined;
  /** Whether unread items come after all that were read, even those of the same moment. */
  readonly isInOrder: boolean;
}

/**
 * Merges lists that are read page by page into one. An entry is held back until every other list has been read beyond its time:
 * otherwise what is read later would have to be put in above it.
 */
export function mergeTimeline(lists: readonly ReadList[]): Timeline {
  const placements = lists.map((list) => (list.kind === 'signIns' ? placeSignIns(list) : place(list)));
  const unread = placements.flatMap(({ kind, limit, isInOrder }) =>
    limit === undefined ? [] : [{ kind, limit, isInOrder }],
  );
  const horizon = Math.max(...unread.map(({ limit }) => limit));

  const entries = placements
    .flatMap(({ placed }) => placed)
    .filter(({ entry, time }) =>
      unread.every(({ kind, limit, isInOrder }) =>
        kind === entry.kind && isInOrder ? true : comesBefore(time, entry.kind, limit, kind),
      ),
    )
    // Array.sort is stable, so that each list keeps its order where times are equal.
    .sort((one, other) => other.time - one.time || rank(one.entry.kind) - rank(other.entry.kind))
    .map(({ entry }) => entry);
  return { entries, next: unread.filter(({ limit }) => limit === horizon).map(({ kind }) => kind) };
}

/** Of the same moment, a change comes first, then the sign-in, then the mail. */
const rank = (kind: Kind): number => KINDS.indexOf(kind);

/** Whether an entry stands above everything that another list still has, which is no later than `limit`. */
function comesBefore(time: number, kind: Kind, limit: number, other: Kind): boolean {
  return time > limit || (time === limit && rank(kind) < rank(other));
}

/** In the order of the API, with times that never grow, whatever clocks have done. */
function place({ kind, items, hasMore }: Exclude<ReadList, { kind: 'signIns' }>): Placement {
  let time = Infinity;
  const placed = once<Items['changes' | 'mails']>(items).map((item) => {
    const entry = { kind, item } as Entry;
    time = Math.min(time, Date.parse(timeOf(entry)));
    return { entry, time };
  });
  return { kind, placed, limit: hasMore ? time : undefined, isInOrder: true };
}

/** Failures are counted by the minute. The API sorts them by its beginning; here they stand where the last of them happened. */
const MINUTE_MS = 60_000;

function placeSignIns({ items, hasMore }: Extract<ReadList, { kind: 'signIns' }>): Placement {
  const placed = once(items)
    .map((item) => ({ entry: { kind: 'signIns', item } as const, time: Date.parse(item.lastAt) }))
    .sort((one, other) => other.time - one.time);
  const last = items.at(-1);
  const limit = last === undefined ? Infinity : Date.parse(last.occurredAt) + MINUTE_MS;
  return { kind: 'signIns', placed, limit: hasMore ? limit : undefined, isInOrder: false };
}

/** Each item once, should one come with two pages. */
function once<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** When it happened; of failures counted together, when the last of them did. */
export function timeOf({ kind, item }: Entry): string {
  if (kind === 'mails') return item.createdAt;
  return kind === 'signIns' ? item.lastAt : item.occurredAt;
}
