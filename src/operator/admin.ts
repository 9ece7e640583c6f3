import { randomBytes } from 'node:crypto';
import { validate as isUuid } from 'uuid';
import { systemContext } from '../access/caller.js';
import { NewPasswords } from '../auth/passwords/new-passwords.js';
import type { Transaction } from '../database/transaction.js';
import { event, type NewUserEvent } from '../events/catalogue.js';
import { newTraceId } from '../config/trace-id.js';
import { MailQueue } from '../mail/delivery/mail-queue.js';
import { changeRole, reinstate, restore } from '../users/aggregate/decide.js';
import { changePassword } from '../users/aggregate/decide-credentials.js';
import { addressKey, usernameKey } from '../users/aggregate/identifiers.js';
import type { UserState } from '../users/aggregate/user.js';
import { UserEntity } from '../users/store/user.entity.js';
import type { UserStore } from '../users/store/user-store.js';
import { OperatorError } from './operator-error.js';
import { authEventsAt, linksAt, passwordsAt, sessionsAt, usersAt } from './parts.js';
import type { OperatorContext } from './operator-context.js';

/** New credentials of an admin, shown only to the caller of the command. */
export interface AdminReset {
  /** The identifier to sign in with: an address or a username. */
  readonly identifier: string;
  readonly password: string;
  /** The obstacles that were removed, such as `suspended`. */
  readonly lifted: readonly Obstacle[];
}

type Obstacle = 'deleted' | 'suspended' | 'not an admin';

const COMMAND = 'npm run roster -- admin reset-password';

/**
 * Sets a random password for an admin, without a mail server, and ends its sessions, mailed links and a lockout. While no admin can
 * sign in, the named user becomes an active admin even if deleted, suspended or demoted.
 * @param name address, username or id; defaults to the only admin
 * @throws OperatorError if the user is ambiguous, or if another admin could remove the obstacle
 */
export async function resetAdminPassword(operator: OperatorContext, name: string | undefined): Promise<AdminReset> {
  const { transactions } = operator;
  const events = authEventsAt(operator);
  const passwords = passwordsAt(operator);
  const users = usersAt(operator, passwords);
  // An operator gives a password, and leaves second factors to `reset-factors`.
  const noFactors = { forgetAll: () => Promise.resolve() };
  const replacing = new NewPasswords(passwords, sessionsAt(operator, events), linksAt(operator), noFactors);
  const context = systemContext(newTraceId());
  const password = randomBytes(15).toString('base64url');
  const hash = await passwords.accept(password, { names: [] }, 'in-process');
  return transactions.run(async (tx) => {
    // In the common lock order: the admins, the failure count, then the user.
    const { id } = await meant(tx, name);
    const others = await users.otherActiveAdmins(tx, id);
    const wasLocked = await endLocks(tx, users, id);
    const user = await users.lockForUpdate(tx, id);
    // If another user shares the mailbox, the address finds that one.
    const identifier = user?.emailKey == null ? user?.username : user.email;
    if (!user || identifier == null) {
      throw new OperatorError(
        'This user has neither an email address nor a username to sign in with. Choose another: --user <address, username or id>',
      );
    }
    const lifted = obstaclesOf(user);
    if (lifted.length > 0 && others > 0) {
      throw new OperatorError(
        `${identifier} is ${lifted.join(', ')}, and another admin can sign in and change that. This command does so only if no admin can sign in.`,
      );
    }
    const isFirst = await replacing.replace(tx, id, hash, 'password-reset', context);
    await users.change(tx, id, (state) => wayIn(state, isFirst), context);
    if (wasLocked) await events.record(tx, { type: 'account.unlocked', userId: id, reason: 'operator', context });
    if (user.email !== null && user.emailVerified) {
      const data = { changedAt: new Date().toISOString(), changedFrom: null };
      const mail = { userId: id, template: 'password-changed', recipient: user.email, data } as const;
      await new MailQueue().enqueue(tx, { ...mail, traceId: context.traceId });
    }
    return { identifier, password, lifted };
  });
}

/** For the person at the terminal. */
export function adminReport({ identifier, password, lifted }: AdminReset): string {
  const before = lifted.length > 0 ? `It was ${lifted.join(', ')} before; it is an active ADMIN now.\n` : '';
  return (
    `${identifier}  password ${password}  (shown only once)\n${before}` +
    'Its sessions and mailed links have ended. Sign in and change the password.'
  );
}

function obstaclesOf(user: UserEntity): Obstacle[] {
  return [
    ...(user.deletedAt === null ? [] : (['deleted'] as const)),
    ...(user.suspendedAt === null ? [] : (['suspended'] as const)),
    ...(user.role === 'ADMIN' ? [] : (['not an admin'] as const)),
  ];
}

function wayIn(state: UserState, isFirst: boolean): NewUserEvent[] {
  const there = { ...state, deletedAt: null };
  return [
    ...restore(state),
    ...reinstate(there),
    ...changeRole(there, 'ADMIN', 0),
    ...(isFirst ? [event('user.authenticator_added', { kind: 'password', label: null })] : []),
    ...changePassword(there),
  ];
}

async function endLocks(tx: Transaction, users: UserStore, id: string): Promise<boolean> {
  const [ended] = await tx.query<[{ locked: boolean | null }[], number]>(
    'DELETE FROM lockouts WHERE user_id = $1 RETURNING locked_until > clock_timestamp() AS locked',
    [id],
  );
  await users.recordLock(tx, id, null);
  return ended.some(({ locked }) => locked === true);
}

/** Finds the user: not an unconfirmed registration. @throws OperatorError */
async function meant(tx: Transaction, name: string | undefined): Promise<UserEntity> {
  if (name !== undefined) return userNamed(tx, name);
  return onlyAdmin(await tx.getRepository(UserEntity).findBy({ role: 'ADMIN', pending: false }));
}

/** @param name address, username or id @throws OperatorError */
export async function userNamed(tx: Transaction, name: string): Promise<UserEntity> {
  const where = isUuid(name)
    ? { id: name }
    : name.includes('@')
      ? { emailKey: addressKey(name) }
      : { usernameKey: usernameKey(name) };
  const user = await tx.getRepository(UserEntity).findOneBy({ ...where, pending: false });
  if (!user || user.erasedAt !== null) {
    throw new OperatorError(`No user ${name} with a confirmed address was found.`);
  }
  return user;
}

/** Excludes users who are erased or have only a name. */
function onlyAdmin(admins: readonly UserEntity[]): UserEntity {
  const nameable = admins.filter(({ email, username }) => email !== null || username !== null);
  const active = nameable.filter(({ deletedAt, suspendedAt }) => deletedAt === null && suspendedAt === null);
  const [one, ...more] = active.length > 0 ? active : nameable;
  if (one && more.length === 0) return one;
  const names = [one, ...more].map((admin) => `  ${admin?.email ?? admin?.username ?? ''}`);
  throw new OperatorError(
    one
      ? `There are several admins. Choose one: ${COMMAND} --user <address, username or id>\n${names.join('\n')}`
      : `There is no admin. The next start of the server creates one from ADMIN_EMAIL and ADMIN_PASSWORD; or promote a user: ${COMMAND} --user <address, username or id>`,
  );
}
