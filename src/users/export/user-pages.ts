import { Injectable } from '@nestjs/common';
import { IsNull, MoreThan } from 'typeorm';
import { Transactions } from '../../database/transaction.js';
import { UserEntity } from '../store/user.entity.js';

const PAGE = 500;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** All users, for files of them. */
@Injectable()
export class UserPages {
  constructor(private readonly transactions: Transactions) {}

  /**
   * In pages, by id, each in a transaction of its own, so that a slow reader holds nothing up: without pending registrations, service
   * accounts and those who are deleted.
   */
  async *all(): AsyncGenerator<UserEntity[]> {
    for (let after = BEFORE_ALL; ;) {
      const page = await this.transactions.run((tx) =>
        tx.getRepository(UserEntity).find({
          where: { id: MoreThan(after), pending: false, deletedAt: IsNull(), kind: 'PERSON' },
          order: { id: 'ASC' },
          take: PAGE,
        }),
      );
      const last = page.at(-1);
      if (!last) return;
      yield page;
      after = last.id;
    }
  }
}
