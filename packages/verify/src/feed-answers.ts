import type { Revocation } from './known-revocations.js';

/** A page of `GET /auth/revocations`. */
export interface Page {
  readonly items: readonly Revocation[];
  readonly page: { readonly nextAfter: number; readonly hasMore: boolean; readonly keptForSeconds: number };
}

/** What answers is not the feed of revocations, such as a page of a proxy: it says nothing about who was signed out. */
class NoFeed extends Error {
  constructor(what: string) {
    super(`GET /auth/revocations does not answer with the feed: ${what}`);
  }
}

/** @throws NoFeed for what is no page; values that a later release adds are left alone */
export function pageOf(answer: unknown): Page {
  const { items, page } = objectOf(answer, 'a page');
  const { nextAfter, hasMore, keptForSeconds } = objectOf(page, 'page');
  if (!Array.isArray(items)) throw new NoFeed('items is no list');
  if (typeof hasMore !== 'boolean') throw new NoFeed('hasMore is neither true nor false');
  if (typeof keptForSeconds !== 'number' || !(keptForSeconds > 0)) throw new NoFeed('keptForSeconds is no duration');
  return {
    items: (items as unknown[]).map(revocationOf),
    page: { nextAfter: positionOf(nextAfter), hasMore, keptForSeconds },
  };
}

/** @throws NoFeed */
export function revocationOf(item: unknown): Revocation {
  const { position, sid, sub, kid, epoch, reason, at } = objectOf(item, 'a revocation');
  positionOf(position);
  for (const subject of [sid, sub, kid]) {
    if (subject !== undefined && typeof subject !== 'string') throw new NoFeed('a subject is no text');
  }
  if (epoch !== undefined && typeof epoch !== 'number') throw new NoFeed('epoch is no number');
  if (typeof reason !== 'string') throw new NoFeed('reason is no text');
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) throw new NoFeed('at is no time');
  return item as Revocation;
}

/** @throws NoFeed */
export function positionOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new NoFeed('a position is no whole number');
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new NoFeed(`${what} is no object`);
}
