import type pg from 'pg';
import { LruCache } from '../async/lru-cache.js';

/** Before it is prepared, a statement was sent this often: not those that are put together anew each time. */
const RECURS_AFTER = 3;
/** Each connection keeps the plans of all of them. */
const MOST = 150;
/**
 * After so many uses it is prepared anew. A plan that was made for an almost empty table reads all of it, and PostgreSQL only finds
 * out about the growth when it has analysed the table, a minute later.
 */
export const RENEWED_AFTER = [50, 500, 5000, 50_000];
/** A search or a page, whose best plan depends on the values; PostgreSQL plans those each time. */
const BY_VALUES = /\bI?LIKE\b|<%|%>|\bLIMIT \$|\bOFFSET\b/;

/** Changes when what was prepared turns out to be outdated. */
let schemaVersion = 0;

interface Prepared {
  name: string;
  uses: number;
}

/** Which statements are prepared, and under which names: one name, one text. */
export class PreparedNames {
  private readonly seen = new LruCache<number>(1000);
  private readonly prepared = new Map<string, Prepared>();
  private given = 0;
  private version = schemaVersion;

  /** @returns undefined if the statement is not to be prepared, or not yet */
  of(text: string): string | undefined {
    if (this.version !== schemaVersion) this.renew();
    const known = this.prepared.get(text);
    if (known) {
      known.uses++;
      if (RENEWED_AFTER.includes(known.uses)) known.name = this.next();
      return known.name;
    }
    if (this.prepared.size >= MOST || BY_VALUES.test(text)) return undefined;
    const times = (this.seen.get(text) ?? 0) + 1;
    this.seen.set(text, times);
    if (times < RECURS_AFTER) return undefined;
    const name = this.next();
    this.prepared.set(text, { name, uses: 1 });
    return name;
  }

  /** All are prepared anew. */
  private renew(): void {
    this.version = schemaVersion;
    for (const one of this.prepared.values()) one.name = this.next();
  }

  private next(): string {
    return `roster-${++this.given}`;
  }
}

/**
 * Has a connection prepare the statements that recur: to parse and plan most of them takes longer than to execute them. Not for
 * connections through a pooler in transaction mode.
 * @param names those of all connections of its pool
 */
export function prepareRecurring(client: pg.ClientBase, names: PreparedNames): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const preparing = (text: unknown, values: unknown, ...others: unknown[]): unknown => {
    const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 ? names.of(text) : undefined;
    return name === undefined ? query(text, values, ...others) : query({ name, text, values }, ...others);
  };
  client.query = preparing as typeof client.query;
}

/**
 * Whether a statement failed because a migration of the next release gave its table another column after it was prepared. From then on,
 * all are prepared anew, so that another attempt succeeds.
 */
export function wasOutdated(code: string | undefined, message: string): boolean {
  if (code !== '0A000' || !message.includes('cached plan must not change result type')) return false;
  schemaVersion++;
  return true;
}
