import { JwtService } from '@nestjs/jwt';
import { validate as isUuid } from 'uuid';
import { systemContext } from '../access/caller.js';
import { AccessTokens } from '../auth/sessions/access-tokens.js';
import { Sessions } from '../auth/sessions/sessions.js';
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
  const { settings, transactions, keyring, dataSource } = workplace;
  const sessions = new Sessions(settings, keyring, dataSource);
  const { id, sid } = await transactions.run(async (tx) => {
    const [column, value] = isUuid(user)
      ? ['id', user]
      : user.includes('@')
        ? ['email_key', addressKey(user)]
        : ['username_key', usernameKey(user)];
    const [found] = await tx.query<{ id: string }[]>(`SELECT id FROM users WHERE ${column} = $1 AND NOT pending`, [
      value,
    ]);
    if (!found) throw new OperatorError(`There is no user ${user}, or none who has confirmed the address.`);
    return { id: found.id, sid: await sessions.start(tx, found.id, systemContext(newTraceId())) };
  });
  const caller = await sessions.caller(sid, id);
  if (!caller) throw new OperatorError(`The user ${user} may not sign in: it is suspended or deleted.`);
  return new AccessTokens(settings, new JwtService(), keyring).sign({ sub: id, sid, role: caller.role });
}
