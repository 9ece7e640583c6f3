import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { Transactions } from '../../database/transaction.js';
import { type CursorFrame, readCursor, type Side } from '../../http/cursor.js';
import { isBackward, type KeysetPage, keysetPage } from '../../http/keyset-page.js';
import { UserActs } from '../../users/user-acts.js';
import type { MailRow } from '../mail-queue.js';
import type { PageQuery } from '../../http/page.dto.js';
import { MailItem } from './mails.dto.js';

export interface MailsRead extends Pick<KeysetPage<unknown>, 'nextCursor' | 'prevCursor'> {
  readonly items: MailItem[];
}

// Of a list whose ids fall: they grow with the time at which they are made.
const COMPARISONS = { after: '<', from: '<=', before: '>', upTo: '>=' } as const satisfies Record<Side, string>;

/** The mails of one user, as those see them who may. */
@Injectable()
export class Mails {
  constructor(
    private readonly transactions: Transactions,
    private readonly acts: UserActs,
  ) {}

  /**
   * One page, the newest first, by keyset on the id: any page costs the same.
   * @throws Forbidden, UserNotFound; ValidationFailed for a cursor of another list
   */
  async page(id: string, caller: Caller, { limit, cursor: given }: PageQuery): Promise<MailsRead> {
    await this.acts.find({ id, action: 'mails', caller });
    const frame: CursorFrame<'-createdAt'> = {
      sort: '-createdAt',
      filters: { mailsOf: id },
      isKey: (key) => key === null,
    };
    const cursor = given === undefined ? undefined : readCursor(given, frame);
    const side = cursor ? `AND id ${COMPARISONS[cursor.side]} $3::uuid` : '';
    const found = await this.transactions.run((tx) =>
      tx.query<MailRow[]>(
        `SELECT * FROM mails WHERE user_id = $1 ${side} ORDER BY id ${isBackward(cursor) ? 'ASC' : 'DESC'} LIMIT $2`,
        [id, limit + 1, ...(cursor ? [cursor.id] : [])],
      ),
    );
    const place = (row: MailRow) => ({ key: null, id: row.id });
    const { rows, ...around } = keysetPage({ found, limit, cursor, frame, place });
    return { items: rows.map((row) => MailItem.from(row)), ...around };
  }
}
