import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { sessionAddress } from '../database/addresses.js';
import { dataSourceOptions } from '../database/data-source.js';
import { connect } from '../database/migrate.js';
import { Transactions } from '../database/transaction.js';
import { type SharedMailbox, sharedMailboxes, sharedMailboxesNotice } from '../users/store/shared-mailboxes.js';
import { UserEntity } from '../users/store/user.entity.js';

/** Who has the mailbox of somebody else. Needs the database alone, and no keys. @throws DatabaseUnavailable */
export async function readSharedMailboxes(settings: Settings): Promise<SharedMailbox[]> {
  const url = sessionAddress(settings);
  const dataSource = await connect(
    new DataSource({ ...dataSourceOptions(url, 1, { patient: true }), entities: [UserEntity] }),
    url,
  );
  try {
    return await new Transactions(dataSource).run((tx) => sharedMailboxes(tx));
  } finally {
    await dataSource.destroy();
  }
}

export function sharedMailboxesReport(shared: readonly SharedMailbox[]): string {
  if (shared.length === 0) return 'Every mailbox is that of one user.';
  const lines = shared.map(
    (user) =>
      `  ${described(user)}: found by this address is ${user.keptBy ? described(user.keptBy) : 'nobody any more'}`,
  );
  return [
    sharedMailboxesNotice(shared.length),
    ...lines,
    'Nothing of these users was changed. Give each another address (PUT /users/{id}/email as an ADMIN), or erase it; or erase the',
    'user who is found, and the other one is, within ten minutes.',
  ].join('\n');
}

function described({ id, email, lastLoginAt }: Omit<SharedMailbox, 'keptBy'>): string {
  return `${id} (${email}, last signed in ${lastLoginAt?.toISOString() ?? 'never'})`;
}
