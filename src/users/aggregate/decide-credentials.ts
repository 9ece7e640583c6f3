// Deciders for sign-in methods: pure functions from (state, command) to events, as in `decide.ts`.
import { event, type NewUserEvent } from '../../events/catalogue.js';
import { refuseDeleted } from './decide.js';
import type { UserState } from './user.js';
import { EmailUnchanged, NothingToConfirm, UserNotFound } from './user-errors.js';

/** @throws UserNotFound */
export function changePassword(state: UserState): NewUserEvent[] {
  refuseDeleted(state);
  return [event('user.password_changed', {})];
}

/** A suspended user can set a password too and stays suspended. @throws UserNotFound when deleted or still unconfirmed */
export function requestPasswordReset(state: UserState, expiresAt: Date): NewUserEvent[] {
  refuseDeleted(state);
  refusePending(state);
  return [event('user.password_reset.requested', { expiresAt: expiresAt.toISOString() })];
}

/**
 * Opening the link proves control of the mailbox, so the address is confirmed as well.
 * @param isFirst whether there was no password before
 * @throws UserNotFound
 */
export function completePasswordReset(state: UserState, isFirst: boolean): NewUserEvent[] {
  refuseDeleted(state);
  refusePending(state);
  const added = isFirst ? [event('user.authenticator_added', { kind: 'password', label: null })] : [];
  return [...proof(state), ...added, event('user.password_reset.completed', {})];
}

/** @throws EmailUnchanged; UserNotFound when deleted, or when the user only claims the address that it has */
export function requestEmailChange(state: UserState, newEmail: string, expiresAt: Date): NewUserEvent[] {
  checkEmailChange(state, newEmail);
  return [event('user.email_change_requested', { newEmail, expiresAt: expiresAt.toISOString() })];
}

/** @throws as `requestEmailChange` */
export function checkEmailChange(state: UserState, newEmail: string): void {
  refuseDeleted(state);
  refusePending(state);
  if (state.email === newEmail && state.emailVerified) throw new EmailUnchanged();
}

/** @throws NothingToConfirm also while the user is suspended */
export function confirmEmailChange(state: UserState, newEmail: string): NewUserEvent[] {
  if (!mayConfirmEmailChange(state)) throw new NothingToConfirm();
  return [event('user.email_changed', { email: newEmail, previousEmail: state.email })];
}

export function mayConfirmEmailChange(user: Pick<UserState, 'pending' | 'suspendedAt' | 'deletedAt'>): boolean {
  return !user.pending && user.suspendedAt === null && user.deletedAt === null;
}

/**
 * Adds a sign-in method or a second factor.
 * @param label the name that the user gave it
 * @throws UserNotFound
 */
export function addAuthenticator(state: UserState, kind: string, label: string | null = null): NewUserEvent[] {
  refuseDeleted(state);
  return [event('user.authenticator_added', { kind, label })];
}

/** Removes a sign-in method or a second factor. @param label the name that the user gave it @throws UserNotFound */
export function removeAuthenticator(state: UserState, kind: string, label: string | null = null): NewUserEvent[] {
  refuseDeleted(state);
  return [event('user.authenticator_removed', { kind, label })];
}

/** A sign-in link is due. @throws UserNotFound when deleted */
export function requestMagicLink(state: UserState, expiresAt: Date): NewUserEvent[] {
  refuseDeleted(state);
  return [event('user.verification_token.created', { purpose: 'magic-link', expiresAt: expiresAt.toISOString() })];
}

/**
 * Confirms the address, unless it is confirmed already.
 * @param endsPassword whether this removes a password that somebody else may have set
 * @throws UserNotFound when deleted
 */
export function proveByMagicLink(state: UserState, endsPassword = false): NewUserEvent[] {
  refuseDeleted(state);
  const removed = endsPassword ? [event('user.authenticator_removed', { kind: 'password', label: null })] : [];
  return [...proof(state), ...removed];
}

function proof(state: UserState): NewUserEvent[] {
  if (state.emailVerified || state.email === null) return [];
  return [event('user.email_verified', { email: state.email })];
}

function refusePending(state: UserState): void {
  if (state.pending) throw new UserNotFound();
}
