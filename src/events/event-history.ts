import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import type { UserEventType } from './catalogue.js';
import { type EventRow, toEvent } from './event-log.js';
import { PersonalData } from './personal-data.js';
import type { UserEvent } from './user-event.js';

export interface PastEvent {
  readonly event: UserEvent;
  /** It held personal values, which are null now. */
  readonly erased: boolean;
}

interface EventHistoryQuery {
  /** Every type when absent. */
  readonly types?: readonly UserEventType[] | undefined;
  /** The range of versions; all of them when absent. */
  readonly side?: { readonly comparison: '<' | '<=' | '>' | '>='; readonly version: number } | undefined;
  readonly limit: number;
}

/** Looks up the events of one user. */
@Injectable()
export class EventHistory {
  constructor(private readonly personalData: PersonalData) {}

  /** The version of the newest event; 0 for an unknown user. */
  async newestVersion(tx: Transaction, userId: string): Promise<number> {
    const [row] = await tx.query<{ newest: number | null }[]>(
      'SELECT max(user_version) AS newest FROM user_events WHERE user_id = $1',
      [userId],
    );
    return row?.newest ?? 0;
  }

  /**
   * The version that the user had at a time; 0 before its first event. `EventLog.append` keeps times in the order of versions, so
   * a binary search finds it, by the index on versions: an index on times would cost every event.
   */
  async versionAt(tx: Transaction, userId: string, time: Date): Promise<number> {
    const [row] = await tx.query<{ version: number | null }[]>(
      `WITH RECURSIVE halved (low, high) AS (
         SELECT 0, (SELECT max(user_version) FROM user_events WHERE user_id = $1)
         UNION ALL
         SELECT CASE WHEN occurred_at <= $2 THEN middle ELSE low END, CASE WHEN occurred_at <= $2 THEN high ELSE middle - 1 END
         FROM halved
           CROSS JOIN LATERAL (SELECT (low + high + 1) / 2 AS middle) half
           JOIN user_events ON user_id = $1 AND user_version = middle
         WHERE low < high
       )
       SELECT max(low) AS version FROM halved WHERE low = high`,
      [userId, time],
    );
    return row?.version ?? 0;
  }

  /** One page, in reading direction: the newest first, or the oldest first where the range has a lower bound. */
  async page(tx: Transaction, userId: string, { types, side, limit }: EventHistoryQuery): Promise<PastEvent[]> {
    const { comparison, version } = side ?? { comparison: '>', version: 0 };
    const direction = side !== undefined && comparison.startsWith('>') ? 'ASC' : 'DESC';
    const rows = await tx.query<EventRow[]>(
      `SELECT * FROM user_events
       WHERE user_id = $1 AND user_version ${comparison} $2 AND ($3::text[] IS NULL OR type = ANY($3))
       ORDER BY user_version ${direction} LIMIT $4`,
      [userId, version, types ?? null, limit],
    );
    const open = await this.personalData.opener(tx, userId);
    return rows.map((row) => ({ event: toEvent(row, open), erased: open.erased && row.personal !== null }));
  }
}
