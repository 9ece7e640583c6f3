import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../database/transaction.js';
import type { UserEventType } from '../events/catalogue.js';
import { newestFirst } from '../http/pagination/newest-first.js';
import type { PageRead } from '../http/pagination/page-links.js';
import type { PageQuery } from '../http/pagination/page.dto.js';
import { DomainError } from '../problems/domain-error.js';
import { setSinkPosition } from './rewind.js';

/** An event that a sink refused for good. */
export interface DeadLetter {
  readonly position: number;
  readonly eventId: string;
  readonly type: UserEventType;
  readonly userId: string;
  /** The answer of the sink, for people. */
  readonly reason: string;
  readonly refusedAt: Date;
}

export interface Resent {
  /** The position of the first event that is sent again. */
  readonly from: number;
  /** How many events are sent again: that one, and all after it that were sent before. */
  readonly events: number;
}

export class SinkNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such sink. GET /relay lists them.');
  }
}

export class DeadLetterNotFound extends DomainError {
  readonly code = 'not-found';
  constructor() {
    super('There is no such dead letter. It may have been delivered since.');
  }
}

type LetterRow = Omit<DeadLetter, 'position'> & { readonly position: string };

/** What sinks refused for good, and sending it again. */
@Injectable()
export class DeadLetters {
  constructor(private readonly transactions: Transactions) {}

  /** One page, the latest positions first. @throws SinkNotFound; ValidationFailed for a cursor of another list */
  async page(sink: string, query: PageQuery): Promise<PageRead<DeadLetter>> {
    return this.transactions.run(async (tx) => {
      await findSink(tx, sink);
      return newestFirst<LetterRow, DeadLetter>(query, {
        sort: '-position',
        filters: { sink },
        isKey: (key) => key !== null && /^[1-9][0-9]{0,14}$/.test(key),
        place: ({ position, eventId }) => ({ key: position, id: eventId }),
        find: ({ order, limit, from }) => {
          const side = from ? `AND letter.position ${from.comparison} $3::bigint` : '';
          return tx.query<LetterRow[]>(
            `SELECT letter.position, letter.event_id AS "eventId", event.type, event.user_id AS "userId", letter.reason,
               letter.refused_at AS "refusedAt"
             FROM relay_dead_letters AS letter JOIN user_events AS event ON event.id = letter.event_id
             WHERE letter.sink = $1 ${side} ORDER BY letter.position ${order} LIMIT $2`,
            [sink, limit, ...(from ? [from.place.key] : [])],
          );
        },
        item: (row) => ({ ...row, position: Number(row.position) }),
      });
    });
  }

  /**
   * Sets the sink back to a dead letter, as `roster relay rewind` does: everything from there on is sent again, in order.
   * @param position of the dead letter; by default the first one
   * @throws SinkNotFound, DeadLetterNotFound
   */
  async resend(sink: string, position?: number): Promise<Resent> {
    return this.transactions.run(async (tx) => {
      // Locked until commit: the server that sends moves it meanwhile.
      const sent = await findSink(tx, sink, 'FOR UPDATE');
      const [letter] = await tx.query<{ position: string | null }[]>(
        `SELECT min(position) AS position FROM relay_dead_letters WHERE sink = $1 AND ($2::bigint IS NULL OR position = $2)`,
        [sink, position ?? null],
      );
      if (!letter?.position) throw new DeadLetterNotFound();
      const from = Number(letter.position);
      // After a rewind by an operator, it comes anyway.
      if (from > sent) return { from, events: 0 };
      await setSinkPosition(tx, sink, from - 1);
      return { from, events: sent - from + 1 };
    });
  }
}

/** The position of the sink. @throws SinkNotFound */
async function findSink(tx: Transaction, sink: string, lock: 'FOR UPDATE' | '' = ''): Promise<number> {
  const sql = `SELECT position FROM relay_cursors WHERE sink = $1 ${lock}`;
  const [row] = await tx.query<{ position: string }[]>(sql, [sink]);
  if (!row) throw new SinkNotFound();
  return Number(row.position);
}
