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

/**
 * Merges lists that are read page by page into one. An entry is held back until every other list has been read beyond its time:
 * otherwise what is read later would have to be put in above it.
 */
export function mergeTimeline(lists: readonly ReadList[]): Timeline {
  const read = lists.map((list) => ({ kind: list.kind, hasMore: list.hasMore, placed: placed(list) }));
  const unfinished = read.filter(({ hasMore }) => hasMore);
  // A list of which nothing has been read yet can still have anything.
  const reached = unfinished.map(({ kind, placed: all }) => ({ kind, time: all.at(-1)?.time ?? Infinity }));
  const horizon = Math.max(-Infinity, ...reached.map(({ time }) => time));

  const entries = read
    .flatMap(({ placed: all }) => all)
    .filter(({ entry, time }) =>
      reached.every(({ kind, time: limit }) => entry.kind === kind || comesBefore(time, entry.kind, limit, kind)),
    )
    // Array.sort is stable, so that each list keeps the order of the API where times are equal.
    .sort((one, other) => other.time - one.time || rank(one.entry.kind) - rank(other.entry.kind))
    .map(({ entry }) => entry);
  return { entries, next: reached.filter(({ time }) => time === horizon).map(({ kind }) => kind) };
}

/** Of the same moment, a change comes first, then the sign-in, then the mail. */
const rank = (kind: Kind): number => KINDS.indexOf(kind);

/** Whether an entry stands above everything that another list still has, which is no later than `limit`. */
function comesBefore(time: number, kind: Kind, limit: number, other: Kind): boolean {
  return time > limit || (time === limit && rank(kind) < rank(other));
}

/** Each item once, with the time by which it is sorted: never later than that of the item before it, whatever clocks have done. */
function placed({ kind, items }: ReadList): Placed[] {
  const seen = new Set<string>();
  let time = Infinity;
  return items.flatMap((item) => {
    if (seen.has(item.id)) return [];
    seen.add(item.id);
    const entry = { kind, item } as Entry;
    time = Math.min(time, Date.parse(timeOf(entry)));
    return [{ entry, time }];
  });
}

/** When it happened; of failures counted together, when the first did, which is how the API sorts them. */
export function timeOf({ kind, item }: Entry): string {
  return kind === 'mails' ? item.createdAt : item.occurredAt;
}
