import { validate as isUuid } from 'uuid';
import { systemContext } from '../access/caller.js';
import type { UserRole } from '../access/role.js';
import { newTraceId } from '../config/trace-id.js';
import { addressKey, usernameKey } from '../users/aggregate/identifiers.js';
import { OperatorError } from './operator-error.js';
import { authEventsAt, sessionsAt } from './parts.js';
import type { OperatorContext } from './operator-context.js';

/**
 * Signs a user in without a password, for tests and benchmarks. The session can be ended like any other.
 * @param user address, username or id
 * @returns an access token
 * @throws OperatorError if there is no such user, or the user cannot sign in
 */
export async function makeToken(operator: OperatorContext, user: string): Promise<string> {
  const { transactions } = operator;
  const events = authEventsAt(operator);
  const sessions = sessionsAt(operator, events);
  const context = systemContext(newTraceId());
  const [column, value] = isUuid(user)
    ? ['id', user]
    : user.includes('@')
      ? ['email_key', addressKey(user)]
      : ['username_key', usernameKey(user)];
  return transactions.run(async (tx) => {
    const [found] = await tx.query<{ id: string; role: UserRole; version: number; barred: boolean }[]>(
      `SELECT id, role, version, suspended_at IS NOT NULL OR deleted_at IS NOT NULL AS barred
       FROM users WHERE ${column} = $1 AND NOT pending FOR UPDATE`,
      [value],
    );
    if (!found) throw new OperatorError(`No user ${user} with a confirmed address was found.`);
    if (found.barred) throw new OperatorError(`The user ${user} cannot sign in: it is suspended or deleted.`);
    const method = 'operator';
    const { source, tokens } = await sessions.start(tx, found, context, { kind: 'API', amr: [] });
    await events.record(tx, { type: 'login.succeeded', userId: found.id, sessionId: source.id, method, context });
    return tokens?.accessToken ?? '';
  });
}
