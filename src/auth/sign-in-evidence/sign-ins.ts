import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Transactions } from '../../database/transaction.js';
import { describeDevice } from '../../rendering/device.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageQuery } from '../../http/pagination/page.dto.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { UserActions } from '../../users/api/user-actions.js';
import { SIGN_IN_TYPES, type SignInItem, type SignInType } from './sign-ins.dto.js';

interface SignInRow {
  readonly id: string;
  readonly type: SignInType;
  readonly method: string | null;
  readonly reason: string | null;
  readonly times: number;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly session_id: string | null;
  readonly actor_id: string | null;
  readonly trace_id: string;
  readonly occurred_at: Date;
  readonly last_at: Date;
}

/** The sign-in evidence of one user, for callers who may see it. */
@Injectable()
export class SignIns {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
  ) {}

  /** One page, newest first. @throws Forbidden, UserNotFound; ValidationFailed for a cursor of another list */
  async page(id: string, caller: Caller, query: PageQuery): Promise<PageRead<SignInItem>> {
    await this.actions.findAllowed({ id, action: 'signIns', caller });
    const kept = this.settings.AUTH_EVENT_RETENTION;
    return newestFirst<SignInRow, SignInItem>(query, {
      sort: '-occurredAt',
      filters: { user: id },
      isKey: isInstantKey,
      place: (row) => ({ key: row.occurred_at.toISOString(), id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `AND (occurred_at, id) ${from.comparison} ($5::timestamptz, $6::uuid)` : '';
        return this.transactions.run((tx) =>
          tx.query<SignInRow[]>(
            `SELECT id, type, method, reason, times, host(ip) AS ip, user_agent, session_id, actor_id, trace_id, occurred_at, last_at
             FROM auth_events WHERE user_id = $1 AND type = ANY ($2)
               AND occurred_at > now() - $3 * interval '1 millisecond' ${side}
             ORDER BY occurred_at ${order}, id ${order} LIMIT $4`,
            [id, SIGN_IN_TYPES, kept, limit, ...(from ? [from.place.key, from.place.id] : [])],
          ),
        );
      },
      item: (row) => itemOf(row, id),
    });
  }
}

function itemOf(row: SignInRow, userId: string): SignInItem {
  // The user must not see from where staff work.
  const isOthers = row.actor_id !== null && row.actor_id !== userId;
  return {
    id: row.id,
    type: row.type,
    method: row.method,
    reason: row.reason,
    times: row.times,
    ip: isOthers ? null : row.ip,
    device: isOthers ? null : describeDevice(row.user_agent),
    sessionId: row.session_id,
    actorId: isOthers ? row.actor_id : null,
    traceId: row.trace_id,
    occurredAt: row.occurred_at.toISOString(),
    lastAt: row.last_at.toISOString(),
  };
}
