import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { validate as isUuid } from 'uuid';
import { systemContext } from '../access/caller.js';
import type { UserRole } from '../access/role.js';
import { AccessTokens } from '../auth/sessions/access-tokens.js';
import { RefreshTokens } from '../auth/sessions/refresh-tokens.js';
import { Sessions } from '../auth/sessions/sessions.js';
import { AuthEvents } from '../auth/sign-in-evidence/auth-events.js';
import { SystemClock } from '../config/clock.js';
import { newTraceId } from '../http/trace-id.js';
import { addressKey, usernameKey } from '../users/identifiers.js';
import { OperatorError } from './operator-error.js';
import type { Workplace } from './workplace.js';

/**
 * Signs a user in without a password, for tests and measurements: a session like any other, which can be ended like any other.
 * @param user address, username or id
 * @returns an access token
 * @throws OperatorError when there is nobody, or nobody who may sign in
 */
export async function makeToken(workplace: Workplace, user: string): Promise<string> {
  const { settings, transactions, keyring } = workplace;
  const accessTokens = new AccessTokens(settings, new JwtService(), keyring, new SystemClock());
  // Nobody but the servers has handlers, and they find by themselves which sessions have made room for this one.
  const events = new AuthEvents(keyring, transactions, new DiscoveryService(new ModulesContainer()));
  const sessions = new Sessions(
    settings,
    accessTokens,
    new RefreshTokens(keyring),
    { expire: () => undefined },
    events,
  );
  const context = systemContext(newTraceId());
  const [column, value] = isUuid(user)
    ? ['id', user]
    : user.includes('@')
      ? ['email_key', addressKey(user)]
      : ['username_key', usernameKey(user)];
  return transactions.run(async (tx) => {
    const [found] = await tx.query<{ id: string; role: UserRole; barred: boolean }[]>(
      `SELECT id, role, suspended_at IS NOT NULL OR deleted_at IS NOT NULL AS barred
       FROM users WHERE ${column} = $1 AND NOT pending`,
      [value],
    );
    if (!found) throw new OperatorError(`There is no user ${user}, or none who has confirmed the address.`);
    if (found.barred) throw new OperatorError(`The user ${user} may not sign in: it is suspended or deleted.`);
    const { accessToken, sessionId } = await sessions.start(tx, found, context);
    await events.record(tx, { type: 'login.succeeded', userId: found.id, sessionId, method: 'operator', context });
    return accessToken;
  });
}
