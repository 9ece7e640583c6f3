import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Transactions } from '../../database/transaction.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import type { AuditItem, AuditQuery } from './audit.dto.js';

type AuditRow = Omit<AuditItem, 'occurredAt' | 'lastAt'> & { readonly occurredAt: Date; readonly lastAt: Date };

/** All audit events, for admins. */
@Injectable()
export class AuditTrail {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
  ) {}

  /** One page, newest first. @throws ValidationFailed for a cursor of another list */
  async page(query: AuditQuery): Promise<PageRead<AuditItem>> {
    const { type = null, actorId = null, userId = null } = query;
    const kept = this.settings.AUTH_EVENT_RETENTION;
    return newestFirst<AuditRow, AuditItem>(query, {
      sort: '-occurredAt',
      filters: { type, actorId, userId },
      isKey: isInstantKey,
      place: (row) => ({ key: row.occurredAt.toISOString(), id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `AND (occurred_at, id) ${from.comparison} ($6::timestamptz, $7::uuid)` : '';
        return this.transactions.run((tx) =>
          tx.query<AuditRow[]>(
            `SELECT id, type, what, user_id AS "userId", actor_id AS "actorId", actor_role AS "actorRole",
               session_id AS "sessionId", method, reason, times, host(ip) AS ip, user_agent AS "userAgent",
               trace_id AS "traceId", occurred_at AS "occurredAt", last_at AS "lastAt"
             FROM auth_events WHERE occurred_at > now() - $1 * interval '1 millisecond'
               AND ($2::text IS NULL OR type = $2) AND ($3::uuid IS NULL OR actor_id = $3)
               AND ($4::uuid IS NULL OR user_id = $4) ${side}
             ORDER BY occurred_at ${order}, id ${order} LIMIT $5`,
            [kept, type, actorId, userId, limit, ...(from ? [from.place.key, from.place.id] : [])],
          ),
        );
      },
      item: (row) => ({ ...row, occurredAt: row.occurredAt.toISOString(), lastAt: row.lastAt.toISOString() }),
    });
  }
}
