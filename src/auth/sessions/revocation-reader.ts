import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { LookupConnection } from '../../database/lookup-connection.js';
import { StandbyAnswered } from '../../database/read-only.js';

/** Longer than a responsive database ever needs for this. */
const ANSWER_WITHIN_MS = 1000;

/** Revocations since a cursor. */
export interface RevocationPage {
  /** For the next page. */
  readonly cursor: string;
  /** Whether rows may have been removed before they were read; everything cached is void then. */
  readonly missed: boolean;
  /** Oldest first; those of transactions that were open at the previous page may be repeated. */
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
 * Reads the table of revocations without missing late commits: the cursor is the oldest transaction still open at the previous
 * page, and every later one is read again. Over a dedicated connection, so that it never waits for the pool.
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
   * @param cursor of the previous page; undefined for the first, which has no revocations
   * @throws the error if the database is unavailable
   */
  async read(cursor: string | undefined): Promise<RevocationPage> {
    const { rows } = await this.connection.query<RevocationRow>({ text: SELECT_PAGE, values: [cursor ?? null] });
    const [first] = rows;
    if (!first) throw new Error('The page of revocations has no row');
    if (first.standby) {
      // It may lag behind the commits of the primary.
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

// The sweep leaves the newest row that it could remove, so a cursor at or before the oldest row may have missed removed ones.
// Rows beyond the snapshot come from a dump of another cluster with different transaction ids.
const SELECT_PAGE = `
  SELECT horizon::text AS cursor, pg_is_in_recovery() AS standby,
    $1::xid8 IS NULL OR $1::xid8 > horizon
      OR coalesce($1::xid8 <= oldest AND oldest < pg_snapshot_xmax(snapshot), false) AS missed,
    revocations.id::text, kind, subject
  FROM (SELECT snapshot, pg_snapshot_xmin(snapshot) AS horizon, (SELECT xid FROM revocations ORDER BY xid LIMIT 1) AS oldest
        FROM pg_current_snapshot() AS snapshot) AS state
  LEFT JOIN revocations ON xid >= $1::xid8 AND xid < pg_snapshot_xmax(snapshot)
  ORDER BY revocations.id`;

const HOUR_MS = 3_600_000;
const MARGIN_MS = 10 * 60_000;

/** How long revocations are kept: no access token from before lives any more, whatever services know of its end. */
export function keptForMs({ ACCESS_TOKEN_TTL }: Pick<Settings, 'ACCESS_TOKEN_TTL'>): number {
  return Math.max(HOUR_MS, ACCESS_TOKEN_TTL + MARGIN_MS);
}

/** Removes rows older than $1 milliseconds, except for the newest of these, and rows from a dump of another cluster. */
export const SWEEP_REVOCATIONS = `
  DELETE FROM revocations WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
    OR xid < (SELECT max(xid) FROM revocations
              WHERE created_at < now() - $1 * interval '1 millisecond' AND xid < pg_snapshot_xmax(pg_current_snapshot()))`;
