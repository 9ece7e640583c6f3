import { lock, type Transaction, violatedConstraint } from '../../database/transaction.js';
import type { UserState } from '../aggregate/user.js';
import { EmailTaken, UsernameTaken } from '../aggregate/user-errors.js';
import { NOT_PENDING } from './claim-of-address.js';
import { isOtherAddress, UserEntity, type UserRow } from './user.entity.js';

/**
 * Reserves unique identifiers until commit and checks them before writing: PostgreSQL logs values that violate a unique index,
 * where no erasure would reach them.
 * @throws UsernameTaken, EmailTaken
 */
export async function reserveIdentifiers(tx: Transaction, before: UserState | undefined, next: UserRow): Promise<void> {
  const { id, emailKey, username, usernameKey, pending } = next;
  if (usernameKey !== null && username !== before?.username) {
    await lock(tx, `username:${usernameKey}`);
    const owner = await tx.getRepository(UserEntity).findOneBy({ usernameKey });
    if (owner && owner.id !== id) throw new UsernameTaken();
  }
  if (emailKey !== null && !pending && isOtherAddress(before, next)) {
    await lock(tx, `address:${emailKey}`);
    const owner = await tx.getRepository(UserEntity).findOneBy({ emailKey, pending: NOT_PENDING });
    if (owner && owner.id !== id) throw new EmailTaken();
  }
}

/** By a server of the previous release, which reserves nothing. @throws UsernameTaken, EmailTaken; any other error as it is */
export function refuseTaken(error: unknown): never {
  const constraint = violatedConstraint(error);
  if (constraint === 'users_username') throw new UsernameTaken();
  if (constraint === 'users_email_owner') throw new EmailTaken();
  throw error;
}
