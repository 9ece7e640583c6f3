import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { LookupConnection } from '../../database/lookup-connection.js';
import { StandbyAnswered } from '../../database/read-only.js';

/** Longer than a database that answers at all ever needs for this. */
const ANSWER_WITHIN_MS = 1000;

/** What was revoked since a cursor. */
export interface RevocationPage {
  /** For the next page. */
  readonly cursor: string;
  /** Whether something may have been removed before it was read: then nothing that is remembered counts any more. */
  readonly missed: boolean;
  /** Oldest first; those of transactions that were open at the page before may come again. */
  readonly revocations: readonly Revocation[];
}

export interface Revocation {
  readonly id: string;
  /** The table: `sessions`, `users` or `keys`. */
  readonly kind: string;
  readonly subject: string | null;
}

interface RevocationRow extends Omit<Revocation, 'id'> {
  readonly id: string | null;
  readonly cursor: string;
  readonly missed: boolean;
  readonly standby: boolean;
}

/**
 * Reads the table of revocations so that a late commit is never missed: the cursor is the oldest transaction that was still
 * open at the page before, and every later one is read again. Over a connection of its own: it must not wait for those that
 * serve requests.
 */
@Injectable()
export class RevocationReader implements OnApplicationShutdown {
  private readonly connection: LookupConnection;

  constructor(@InjectSettings() { DATABASE_URL, DATABASE_DIRECT_URL }: Settings) {
    this.connection = new LookupConnection(
      {
        connectionString: DATABASE_URL,
        application_name: 'roster revocations',
        connectionTimeoutMillis: ANSWER_WITHIN_MS,
        query_timeout: ANSWER_WITHIN_MS,
      },
      { pooled: DATABASE_DIRECT_URL !== undefined },
    );
  }

  /**
   * @param cursor of the page before; undefined at the first, which has no revocations
   * @throws whatever says that the database cannot be asked now
   */
  async read(cursor: string | undefined): Promise<RevocationPage> {
    const { rows } = await this.connection.query<RevocationRow>({ text: SELECT_PAGE, values: [cursor ?? null] });
    const [first] = rows;
    if (!first) throw new Error('The page of revocations has no row');
    if (first.standby) {
      // It may not have heard yet of what the primary has committed.
      await this.connection.end();
      throw new StandbyAnswered();
    }
    return {
      cursor: first.cursor,
      missed: first.missed,
      revocations: rows.flatMap(({ id, kind, subject }) => (id === null ? [] : [{ id, kind, subject }])),
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.end();
  }
}

// The sweep leaves the newest of what it may remove, so a cursor at or before the oldest row may be behind one that is gone. Rows
// from beyond the snapshot come from a dump of another cluster, with another count of transactions.
const SELECT_PAGE = `
  SELECT horizon::text AS cursor, pg_is_in_recovery() AS standby,
    $1::xid8 IS NULL OR $1::xid8 > horizon
      OR coalesce($1::xid8 <= oldest AND oldest < pg_snapshot_xmax(snapshot), false) AS missed,
    revocations.id::text, kind, subject
  FROM (SELECT snapshot, pg_snapshot_xmin(snapshot) AS horizon, (SELECT xid FROM revocations ORDER BY xid LIMIT 1) AS oldest
        FROM pg_current_snapshot() AS snapshot) AS state
  LEFT JOIN revocations ON xid >= $1::xid8 AND xid < pg_snapshot_xmax(snapshot)
  ORDER BY revocations.id`;

/** Removes what is older than an hour but for the newest of it, and what a dump of another cluster brought. */
export const SWEEP_REVOCATIONS = `
  DELETE FROM revocations WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
    OR xid < (SELECT max(xid) FROM revocations
              WHERE created_at < now() - interval '1 hour' AND xid < pg_snapshot_xmax(pg_current_snapshot()))`;
