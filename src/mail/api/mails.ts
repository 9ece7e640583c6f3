import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { Transactions } from '../../database/transaction.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageQuery } from '../../http/pagination/page.dto.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { UserActions } from '../../users/api/user-actions.js';
import type { MailRow } from '../delivery/mail-queue.js';
import { MailItem } from './mails.dto.js';

/** The mails of one user, as staff see them. */
@Injectable()
export class Mails {
  constructor(
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
  ) {}

  /** One page, newest first. @throws Forbidden, UserNotFound; ValidationFailed for a cursor of another list */
  async page(id: string, caller: Caller, query: PageQuery): Promise<PageRead<MailItem>> {
    await this.actions.findAllowed({ id, action: 'mails', caller });
    return newestFirst<MailRow, MailItem>(query, {
      sort: '-createdAt',
      filters: { mailsOf: id },
      // Ids grow with the time at which they are made.
      isKey: (key) => key === null,
      place: (row) => ({ key: null, id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `AND id ${from.comparison} $3::uuid` : '';
        return this.transactions.run((tx) =>
          tx.query<MailRow[]>(`SELECT * FROM mails WHERE user_id = $1 ${side} ORDER BY id ${order} LIMIT $2`, [
            id,
            limit,
            ...(from ? [from.place.id] : []),
          ]),
        );
      },
      item: (row) => MailItem.from(row),
    });
  }
}
