import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { lock, type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { addressKey } from '../aggregate/identifiers.js';
import { NOT_PENDING } from './claim-of-address.js';
import { rowOf, stateOf, UserEntity } from './user.entity.js';

/** A user whose address is another spelling of another user's address: it cannot be used to look them up, and so not to sign in. */
export interface SharedMailbox {
  readonly id: string;
  readonly email: string;
  readonly lastLoginAt: Date | null;
  /** The user found by the address; null if there is none any more, until this user gets the key. */
  readonly keptBy: { readonly id: string; readonly email: string; readonly lastLoginAt: Date | null } | null;
}

const EVERY_TEN_MINUTES = '*/10 * * * *';
const BATCH = 200;
const WITHOUT_KEY = 'email IS NOT NULL AND email_key IS NULL AND erased_at IS NULL';
// Verbatim as in the index of migration KeyMailboxes.
const OF_RELEASE_BEFORE = `left(search, 1) NOT IN ('', ' ')`;

/**
 * Users who share a mailbox. Before 0.3.0, two spellings of one address could belong to two users; since then one of them has the
 * key and the others have none. They get it once it is free, because its holder was erased or changed the address. Rows written by
 * a server of the previous release during an upgrade are brought to the format of this release.
 */
@Injectable()
export class SharedMailboxes implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_TEN_MINUTES, 'users.shared-mailboxes', () => this.assignFreeKeys());
  }

  /** Warns the operator at the start. */
  async onApplicationBootstrap(): Promise<void> {
    const shared = await this.transactions.run((tx) => sharedMailboxes(tx));
    if (shared.length === 0) return;
    const userIds = shared.map(({ id }) => id);
    this.log.warn({ userIds }, `${sharedMailboxesNotice(shared.length)} See: npm run roster -- shared-mailboxes`);
  }

  /** Gives free keys to users who have none, and repairs rows written by the previous release. */
  async assignFreeKeys(): Promise<void> {
    for (const which of [OF_RELEASE_BEFORE, WITHOUT_KEY]) {
      let last = '00000000-0000-0000-0000-000000000000';
      for (let ids = await this.nextIds(which, last); ids.length > 0; ids = await this.nextIds(which, last)) {
        for (const id of ids) await this.transactions.run((tx) => this.assignKey(tx, id));
        last = ids.at(-1) ?? last;
      }
    }
  }

  private async nextIds(which: string, last: string): Promise<string[]> {
    const rows = await this.transactions.run((tx) =>
      tx.query<{ id: string }[]>(`SELECT id FROM users WHERE id > $1 AND ${which} ORDER BY id LIMIT ${BATCH}`, [last]),
    );
    return rows.map(({ id }) => id);
  }

  private async assignKey(tx: Transaction, id: string): Promise<void> {
    const repository = tx.getRepository(UserEntity);
    const email = (await repository.findOneBy({ id }))?.email;
    // In the order in which every code path takes both locks.
    if (email) await lock(tx, `address:${addressKey(email)}`);
    const user = await repository.findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
    const row = user?.email === email && user && rowOf(stateOf(user));
    if (!row) return;
    const owner = row.emailKey !== null && !row.pending && (await ownerOf(tx, row.emailKey));
    const emailKey = owner && owner.id !== id ? null : row.emailKey;
    if (emailKey !== user.emailKey || row.search !== user.search) {
      await repository.update(id, { emailKey, search: row.search });
    }
  }
}

async function ownerOf(tx: Transaction, emailKey: string): Promise<UserEntity | null> {
  return tx.getRepository(UserEntity).findOneBy({ emailKey, pending: NOT_PENDING });
}

/** Users who have no key because another user has it, oldest first. */
export async function sharedMailboxes(tx: Transaction): Promise<SharedMailbox[]> {
  const keyless = await tx.query<Omit<SharedMailbox, 'keptBy'>[]>(
    `SELECT id, email, last_login_at AS "lastLoginAt" FROM users WHERE NOT pending AND ${WITHOUT_KEY} ORDER BY id`,
  );
  const shared: SharedMailbox[] = [];
  for (const user of keyless) {
    const owner = await ownerOf(tx, addressKey(user.email));
    const keptBy = owner && { id: owner.id, email: owner.email ?? '', lastLoginAt: owner.lastLoginAt };
    shared.push({ ...user, keptBy });
  }
  return shared;
}

export function sharedMailboxesNotice(count: number): string {
  return count === 1
    ? 'One user shares the mailbox of another user and cannot be found by its address.'
    : `${count} users share the mailbox of another user and cannot be found by their addresses.`;
}
