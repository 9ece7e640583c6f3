import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Transactions } from '../../database/transaction.js';
import { type CursorFrame, readCursor, type Side } from '../../http/cursor.js';
import { describeDevice } from '../../http/device.js';
import { isBackward, type KeysetPage, keysetPage } from '../../http/keyset-page.js';
import type { PageQuery } from '../../http/page.dto.js';
import { UserActs } from '../../users/user-acts.js';
import { SIGN_IN_TYPES, type SignInItem, type SignInType } from './sign-ins.dto.js';

interface Row {
  readonly id: string;
  readonly type: SignInType;
  readonly method: string | null;
  readonly reason: string | null;
  readonly times: number;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly session_id: string | null;
  readonly actor_id: string | null;
  readonly occurred_at: Date;
  readonly last_at: Date;
}

export interface SignInsRead extends Pick<KeysetPage<unknown>, 'nextCursor' | 'prevCursor'> {
  readonly items: SignInItem[];
}

// Of a list whose times fall.
const COMPARISONS = { after: '<', from: '<=', before: '>', upTo: '>=' } as const satisfies Record<Side, string>;

/** The sign-in evidence of one user, as those see it who may. */
@Injectable()
export class SignIns {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly acts: UserActs,
  ) {}

  /**
   * One page, the newest first, by keyset on time and id: any page costs the same.
   * @throws Forbidden, UserNotFound; ValidationFailed for a cursor of another list
   */
  async page(id: string, caller: Caller, { limit, cursor: given }: PageQuery): Promise<SignInsRead> {
    await this.acts.find({ id, action: 'signIns', caller });
    const frame: CursorFrame<'-occurredAt'> = {
      sort: '-occurredAt',
      filters: { user: id },
      isKey: (key) => key !== null && !Number.isNaN(Date.parse(key)),
    };
    const cursor = given === undefined ? undefined : readCursor(given, frame);
    const order = isBackward(cursor) ? 'ASC' : 'DESC';
    const side = cursor ? `AND (occurred_at, id) ${COMPARISONS[cursor.side]} ($5::timestamptz, $6::uuid)` : '';
    const found = await this.transactions.run((tx) =>
      tx.query<Row[]>(
        `SELECT id, type, method, reason, times, host(ip) AS ip, user_agent, session_id, actor_id, occurred_at, last_at
         FROM auth_events WHERE user_id = $1 AND type = ANY ($2)
           AND occurred_at > now() - $3 * interval '1 millisecond' ${side}
         ORDER BY occurred_at ${order}, id ${order} LIMIT $4`,
        [id, SIGN_IN_TYPES, this.settings.AUTH_EVENT_RETENTION, limit + 1, ...(cursor ? [cursor.key, cursor.id] : [])],
      ),
    );
    const place = (row: Row) => ({ key: row.occurred_at.toISOString(), id: row.id });
    const { rows, ...around } = keysetPage({ found, limit, cursor, frame, place });
    return { items: rows.map((row) => itemOf(row, id)), ...around };
  }
}

function itemOf(row: Row, userId: string): SignInItem {
  // From where a manager works is nothing to the user.
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
    occurredAt: row.occurred_at.toISOString(),
    lastAt: row.last_at.toISOString(),
  };
}
