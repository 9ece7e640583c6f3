import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { allows } from '../../access/policy.js';
import { Transactions } from '../../database/transaction.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageQuery } from '../../http/pagination/page.dto.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { UserActions } from '../../users/api/user-actions.js';
import type { MailRow } from '../delivery/mail-queue.js';
import { MailItem } from './mails.dto.js';

/** The mails of one user, for callers who may see them. */
@Injectable()
export class Mails {
  constructor(
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
  ) {}

  /** One page, newest first; of the user's own mails without what is for staff. @throws Forbidden, UserNotFound; ValidationFailed for a cursor of another list */
  async page(id: string, caller: Caller, query: PageQuery): Promise<PageRead<MailItem>> {
    const { user, actor } = await this.actions.findAllowed({ id, action: 'mails', caller });
    const viewer = allows(actor, 'resendMail', user) ? 'staff' : 'recipient';
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
      item: (row) => MailItem.from(row, viewer),
    });
  }
}
