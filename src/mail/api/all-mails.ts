import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { allows } from '../../access/policy.js';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { Transactions } from '../../database/transaction.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { rankOf } from '../../users/api/user-actions.js';
import { MAIL_STATES, type MailRow } from '../delivery/mail-queue.js';
import { type AllMailsQuery, UserMailItem } from './all-mails.dto.js';

type OwnedMail = MailRow & { readonly owner_role: UserRole; readonly owner_deleted: boolean };

/** The mails of all users, as far as a caller may see those of each. */
@Injectable()
export class AllMails {
  constructor(private readonly transactions: Transactions) {}

  /** One page, newest first. @throws ValidationFailed for a cursor of another list */
  async page(
    { state, template, to, userId, ...query }: AllMailsQuery,
    caller: Caller,
  ): Promise<PageRead<UserMailItem>> {
    const rank = rankOf(caller);
    const roles = USER_ROLES.filter((role) => allows(rank, 'mails', { id: NOBODY, role }));
    const seesOwn = allows(rank, 'mails', rank);
    const given = [roles, seesOwn ? rank.id : null, caller.role === 'ADMIN'];
    const wanted = [...(template === undefined ? [] : [template]), ...(to === undefined ? [] : [to])];
    const conditions = [
      // Literal, as the index is partial.
      ...MAIL_STATES.filter((one) => one === state).map((one) => `state = '${one}'`),
      ...(template === undefined ? [] : ['template = $4']),
      ...(to === undefined ? [] : [`lower(recipient) = lower($${template === undefined ? 4 : 5})`]),
      ...(userId === undefined ? [] : [`user_id = $${4 + wanted.length}`]),
    ];
    const values = [...given, ...wanted, ...(userId === undefined ? [] : [userId])];
    return newestFirst<OwnedMail, UserMailItem>(query, {
      sort: '-createdAt',
      filters: { mailsOf: 'all', state, template, to, userId },
      // Ids grow with the time at which they are made.
      isKey: (key) => key === null,
      place: (row) => ({ key: null, id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? [`mails.id ${from.comparison} $${values.length + 2}::uuid`] : [];
        return this.transactions.run((tx) =>
          tx.query<OwnedMail[]>(
            `SELECT mails.*, users.role AS owner_role, users.deleted_at IS NOT NULL AS owner_deleted
             FROM mails JOIN users ON users.id = user_id
             WHERE ${[...conditions, ...side, VISIBLE].join(' AND ')}
             ORDER BY mails.id ${order} LIMIT $${values.length + 1}`,
            [...values, limit, ...(from ? [from.place.id] : [])],
          ),
        );
      },
      item: (row) => {
        const isStaff = allows(rank, 'resendMail', { id: row.user_id, role: row.owner_role });
        return UserMailItem.of(row, isStaff ? 'staff' : 'recipient', { isDeleted: row.owner_deleted });
      },
    });
  }
}

/** Nobody's id: what a caller may see of somebody else, by role. */
const NOBODY = '';

/** Deleted users are for an ADMIN. */
const VISIBLE = '(users.role = ANY ($1::text[]) AND (deleted_at IS NULL OR $3::boolean) OR users.id = $2::uuid)';
