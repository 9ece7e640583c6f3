import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { LookupConnection } from '../../database/lookup-connection.js';
import { StandbyAnswered } from '../../database/read-only.js';
import { DomainError } from '../../problems/domain-error.js';
import { keptForMs } from '../sessions/revocation-reader.js';

/** Longer than a responsive database ever needs for this. */
const ANSWER_WITHIN_MS = 2000;
const BATCH_SIZE = 1000;

/** One revocation with its place in the feed. */
export interface PlacedRevocation {
  readonly position: number;
  /** What was revoked: the table, and the id of its row. */
  readonly kind: 'sessions' | 'users' | 'keys' | 'service_keys';
  readonly subject: string;
  readonly reason: string;
  /** Of a user: the version as of which tokens hold again. */
  readonly epoch: number | null;
  readonly at: Date;
}

export interface RevocationPage {
  /** In the order of their positions. */
  readonly revocations: readonly PlacedRevocation[];
  /** Where the next page starts. */
  readonly next: number;
  /** Whether the page reaches the end of the feed. */
  readonly isLast: boolean;
}

/** The revocations after this position are no longer there, or the position is of another database. */
export class RevocationsMissed extends DomainError {
  readonly code = 'revocations-missed';
  constructor() {
    super(
      'The revocations after this position are no longer kept. Start anew with after=0, which returns all that are.',
    );
  }
}

interface PageRow {
  readonly missed: boolean;
  readonly unplaced: boolean;
  readonly standby: boolean;
  /** Null, like the columns of a revocation, where the page is empty. */
  readonly position: string | null;
  readonly kind: PlacedRevocation['kind'];
  readonly subject: string;
  readonly reason: string;
  readonly epoch: number | null;
  readonly at: Date;
}

/**
 * Revocations for other services, in the order of their positions. A reader that continues from `next` misses none: readers give
 * committed revocations their positions themselves, in batches that become visible one after the other, because each takes a lock
 * that it keeps until it has committed, and reads what is unplaced after it has it. What commits late gets a higher position.
 */
@Injectable()
export class RevocationFeed implements OnApplicationShutdown {
  /** How long a revocation can be read, in seconds: longer than any access token lives. */
  readonly keptForSeconds: number;
  private readonly connection: LookupConnection;

  constructor(@InjectSettings() settings: Settings) {
    const { DATABASE_URL, DATABASE_DIRECT_URL } = settings;
    this.keptForSeconds = Math.floor(keptForMs(settings) / 1000);
    this.connection = new LookupConnection(
      {
        connectionString: DATABASE_URL,
        application_name: 'roster revocation feed',
        connectionTimeoutMillis: ANSWER_WITHIN_MS,
        query_timeout: ANSWER_WITHIN_MS,
      },
      { pooled: DATABASE_DIRECT_URL !== undefined },
    );
  }

  /**
   * @param after the last position that was read; 0 for everything that is kept
   * @throws RevocationsMissed; the error if the database is unavailable
   */
  async read(after: number, limit = BATCH_SIZE): Promise<RevocationPage> {
    for (;;) {
      const { rows } = await this.connection.query<PageRow>({ text: SELECT_PAGE, values: [after, limit] });
      const [first] = rows;
      if (first?.standby) {
        await this.connection.end();
        throw new StandbyAnswered();
      }
      if (first?.missed) throw new RevocationsMissed();
      const found = rows.filter(({ position }) => position !== null);
      if (first?.unplaced && found.length < limit) {
        await this.connection.query({ text: PLACE_BATCH });
        continue;
      }
      const revocations = found.map((row) => revocationOf(row));
      return { revocations, next: revocations.at(-1)?.position ?? after, isLast: revocations.length < limit };
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.end();
  }
}

function revocationOf({ position, kind, subject, reason, epoch, at }: PageRow): PlacedRevocation {
  return { position: Number(position), kind, subject, reason, epoch, at };
}

// `last_value` may be ahead of what is visible; nothing but a refusal follows from that.
const SELECT_PAGE = `
  SELECT pg_is_in_recovery() AS standby,
    $1::bigint > 0 AND ($1 < oldest - 1 OR $1 > CASE WHEN is_called THEN last_value ELSE 0 END) AS missed,
    unplaced, position, kind, subject, reason, epoch, created_at AS at
  FROM (SELECT is_called, last_value,
          coalesce((SELECT min(position) FROM revocations), last_value + CASE WHEN is_called THEN 1 ELSE 0 END) AS oldest,
          EXISTS (SELECT FROM revocations WHERE position IS NULL AND reason IS NOT NULL) AS unplaced
        FROM revocation_positions) AS state
  LEFT JOIN LATERAL (SELECT * FROM revocations WHERE position > $1 ORDER BY position LIMIT $2) AS page ON true
  ORDER BY position`;

// Several statements in one message. Read committed, whatever the database's default: the statement after the lock needs a snapshot
// newer than the wait for it. And a position that was read must survive a crash, even where the database does not wait for the disk.
const PLACE_BATCH = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
  SELECT pg_advisory_xact_lock(hashtextextended('positions of the revocations', 2));
  UPDATE revocations SET position = place.position
  FROM (SELECT id, nextval('revocation_positions') AS position FROM (
          SELECT id FROM revocations WHERE position IS NULL AND reason IS NOT NULL ORDER BY id LIMIT ${BATCH_SIZE}) AS unplaced
       ) AS place
  WHERE revocations.id = place.id;
  COMMIT`;
