import type { AuthEvent } from '../../auth/sign-in-evidence/auth-event.js';
import type { UserEventOf } from '../../events/user-event.js';
import { describeOrigin } from '../../rendering/device.js';
import { flag, type NotificationContext, type NotificationServices, type QueuedData } from './template-data.js';

// The template data of mails about sign-in methods and second factors.

export function addedFactor({
  event,
  services,
}: NotificationContext<UserEventOf<'user.authenticator_added'>>): QueuedData<'factor-added'> {
  return { changedAt: event.occurredAt, ...methodOf(event.data, services) };
}

export function removedSignInMethod({
  event,
  services,
}: NotificationContext<UserEventOf<'user.authenticator_removed'>>): QueuedData<'sign-in-method-removed'> {
  const { actor, userId, occurredAt, data } = event;
  const byAdministrator = flag(actor.kind === 'system' || (actor.kind === 'user' && actor.id !== userId));
  return { changedAt: occurredAt, ...methodOf(data, services), byAdministrator };
}

function methodOf({ kind, label }: { kind: string; label: string | null }, services: NotificationServices) {
  return {
    isPassword: flag(kind === 'password'),
    isTotp: flag(kind === 'totp'),
    isPasskey: flag(kind === 'passkey'),
    isRecoveryCodes: flag(kind === 'recovery-codes'),
    // Neither a factor nor a password: a provider, or a method of the application.
    isPlain: flag(!['password', 'totp', 'passkey', 'recovery-codes'].includes(kind)),
    methodName: services.methodName(kind),
    label,
  };
}

/** Fewer than that are few. */
const MANY_CODES = 3;

export async function usedRecoveryCode({
  event: { context, occurredAt },
  user,
  services,
  tx,
}: NotificationContext<AuthEvent>): Promise<QueuedData<'recovery-code-used'>> {
  const left = await services.recoveryCodesLeft(tx, user.id);
  return {
    usedAt: occurredAt,
    usedFrom: describeOrigin(context.userAgent, context.ip),
    codesLeft: String(left),
    isLow: flag(left < MANY_CODES),
    isNone: flag(left === 0),
  };
}
