import { randomBytes } from 'node:crypto';
import { systemContext } from '../access/caller.js';
import { newTraceId } from '../config/trace-id.js';
import { lock } from '../database/transaction.js';
import { verifyEmail } from '../users/aggregate/decide.js';
import { addressKey } from '../users/aggregate/identifiers.js';
import { isAddress } from '../users/aggregate/is-address.js';
import { EmailTaken } from '../users/aggregate/user-errors.js';
import { OperatorError } from './operator-error.js';
import { passwordsAt, usersAt } from './parts.js';
import type { OperatorContext } from './operator-context.js';

/** A new admin, whose password is shown only to the caller of the command. */
export interface CreatedAdmin {
  readonly email: string;
  readonly password: string;
}

/**
 * Creates an admin, without a mail server. Registrations for the address that nobody confirmed end, as always.
 * @throws OperatorError for an invalid address, or one that somebody has
 */
export async function createAdmin(operator: OperatorContext, email: string): Promise<CreatedAdmin> {
  if (!isAddress(email)) throw new OperatorError('--email: give an email address, such as ada@example.com');
  const passwords = passwordsAt(operator);
  const users = usersAt(operator, passwords);
  const context = systemContext(newTraceId());
  const password = randomBytes(15).toString('base64url');
  const hash = await passwords.accept(password, { names: [] }, 'in-process');
  try {
    await operator.transactions.run(async (tx) => {
      // Serialises with a concurrent confirmation of the address.
      await lock(tx, `address:${addressKey(email)}`);
      const { id } = await users.create(tx, { email, role: 'ADMIN', how: 'admin' }, context);
      await users.change(tx, id, verifyEmail, context);
      await passwords.set(tx, id, hash);
    });
  } catch (error) {
    if (!(error instanceof EmailTaken)) throw error;
    throw new OperatorError(
      `${email} belongs to a user already. An admin can make that user an admin: PUT /users/{id}/role. ` +
        `If no admin can sign in: npm run roster -- admin reset-password --user ${email}`,
    );
  }
  return { email, password };
}

/** For the person at the terminal. */
export function createdReport({ email, password }: CreatedAdmin): string {
  return `${email}  password ${password}  (shown only once)\nIt is an ADMIN. Sign in and change the password.`;
}
