import { systemContext } from '../access/caller.js';
import type { HeldFactor } from '../auth/second-factors/second-factor.js';
import { newTraceId } from '../config/trace-id.js';
import { MailQueue } from '../mail/delivery/mail-queue.js';
import { removeAuthenticator } from '../users/aggregate/decide-credentials.js';
import { userNamed } from './admin.js';
import { OperatorError } from './operator-error.js';
import { authEventsAt, passwordsAt, secondFactorsAt, sessionsAt, usersAt } from './parts.js';
import type { OperatorContext } from './operator-context.js';

/** What was removed from whom. */
export interface RemovedFactors {
  /** The address, username or id as given. */
  readonly user: string;
  readonly factors: readonly HeldFactor[];
}

/**
 * Removes every second factor of a user, recovery codes included, and ends the sessions: the lost device may have one. The user
 * then signs in with the first factor alone.
 * @param name address, username or id
 * @throws OperatorError if there is no such user
 */
export async function resetFactors(operator: OperatorContext, name: string): Promise<RemovedFactors> {
  const users = usersAt(operator, passwordsAt(operator));
  const sessions = sessionsAt(operator, authEventsAt(operator));
  const context = systemContext(newTraceId());
  return operator.transactions.run(async (tx) => {
    const { id } = await userNamed(tx, name);
    const user = await users.lockForUpdate(tx, id);
    if (!user || user.deletedAt !== null) throw new OperatorError(`The user ${name} is deleted.`);
    const removed: HeldFactor[] = [];
    for (const factor of secondFactorsAt(operator)) {
      removed.push(...(await factor.heldBy(tx, id)));
      await factor.removeAll(tx, id);
    }
    for (const { kind, label } of removed) {
      await users.change(tx, id, (state) => removeAuthenticator(state, kind, label), context);
      if (user.email === null || !user.emailVerified) continue;
      const mail = { userId: id, template: 'sign-in-method-removed', recipient: user.email } as const;
      await new MailQueue().enqueue(tx, { ...mail, data: mailDataOf(kind, label), traceId: context.traceId });
    }
    await tx.query('DELETE FROM lockouts WHERE user_id = $1 AND of_second_step', [id]);
    await sessions.endAll(tx, id, 'factors-removed', undefined, context);
    return { user: name, factors: removed };
  });
}

/** As the server queues it for the event, which has no handlers here. */
function mailDataOf(kind: HeldFactor['kind'], label: string | null): Record<string, string | null> {
  return {
    changedAt: new Date().toISOString(),
    isPassword: null,
    isTotp: kind === 'totp' ? 'yes' : null,
    isPasskey: kind === 'passkey' ? 'yes' : null,
    isRecoveryCodes: null,
    methodName: kind,
    label,
    byAdministrator: 'yes',
  };
}

/** For the person at the terminal. */
export function factorsReport({ user, factors }: RemovedFactors): string {
  if (factors.length === 0) return `${user} had no second factor. Its sessions have ended.`;
  const names = factors.map(({ kind, label }) => (label === null ? kind : `${kind} (${label})`)).join(', ');
  return `Removed from ${user}: ${names}, and recovery codes. Its sessions have ended.`;
}
