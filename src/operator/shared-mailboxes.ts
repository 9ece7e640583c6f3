import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { sessionAddress } from '../database/addresses.js';
import { dataSourceOptions } from '../database/data-source.js';
import { connect } from '../database/migrate.js';
import { Transactions } from '../database/transaction.js';
import { type SharedMailbox, sharedMailboxes, sharedMailboxesNotice } from '../users/store/shared-mailboxes.js';
import { UserEntity } from '../users/store/user.entity.js';

/** Users who share the mailbox of another user. Needs only the database, no keys. @throws DatabaseUnavailable */
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
  if (shared.length === 0) return 'No users share a mailbox.';
  const lines = shared.map(
    (user) => `  ${described(user)}: this address finds ${user.keptBy ? described(user.keptBy) : 'nobody'}`,
  );
  return [
    sharedMailboxesNotice(shared.length),
    ...lines,
    'These users were not changed. Change the address of each (PUT /users/{id}/email as an ADMIN) or erase it; or erase the',
    'user who is found, and the other one will be found within ten minutes.',
  ].join('\n');
}

function described({ id, email, lastLoginAt }: Omit<SharedMailbox, 'keptBy'>): string {
  return `${id} (${email}, last signed in ${lastLoginAt?.toISOString() ?? 'never'})`;
}
