// Deciders: pure functions from (state, command) to events. They throw when a rule is violated.
import type { UserKind, UserRole } from '../../access/role.js';
import { type Scope, scopeText } from '../../access/scopes.js';
import {
  type ClaimEnd,
  type ErasureReason,
  event,
  type NewUserEvent,
  type Origin,
  type Profile,
  PROFILE_FIELDS,
  type UserEvents,
} from '../../events/catalogue.js';
import { checkUsername } from './identifiers.js';
import type { UserState } from './user.js';
import {
  AlreadyVerified,
  LastAdmin,
  NamelessUser,
  NothingToUpdate,
  UsernameUnchanged,
  UserNotFound,
} from './user-errors.js';

export interface NewUser extends Readonly<Partial<Profile>> {
  readonly email?: string | null;
  readonly username?: string | null;
  readonly role: UserRole;
  readonly how: Origin;
  /** A person by default. */
  readonly kind?: UserKind;
  /** Of a service account. */
  readonly scopes?: readonly Scope[];
}

/** @throws NamelessUser without any name or identifier; InvalidUsername */
export function create(command: NewUser): NewUserEvent[] {
  const data: UserEvents['user.created'] = {
    email: command.email ?? null,
    username: command.username?.normalize('NFKC') ?? null,
    firstName: command.firstName ?? null,
    lastName: command.lastName ?? null,
    nickname: command.nickname ?? null,
    locale: command.locale ?? null,
    role: command.role,
    how: command.how,
    ...(command.kind === 'SERVICE' && { kind: command.kind, scope: scopeText(command.scopes ?? []) }),
  };
  if (data.username !== null) checkUsername(data.username);
  if (!data.email && !data.username && !data.firstName && !data.lastName && !data.nickname) throw new NamelessUser();
  const more = PROFILE_FIELDS.filter((field) => !(field in data) && (command[field] ?? null) !== null);
  const profile = Object.fromEntries(more.map((field) => [field, command[field]]));
  return [event('user.created', data), ...(more.length > 0 ? [event('user.updated', profile)] : [])];
}

/** @throws AlreadyVerified when the address is confirmed already; UserNotFound when deleted */
export function verifyEmail(state: UserState): NewUserEvent[] {
  refuseDeleted(state);
  if (state.email === null || state.emailVerified) throw new AlreadyVerified();
  return [event('user.email_verified', { email: state.email })];
}

/** @throws AlreadyVerified; UserNotFound */
export function requestVerification(state: UserState, expiresAt: Date): NewUserEvent[] {
  refuseDeleted(state);
  if (!state.pending) throw new AlreadyVerified();
  return [event('user.verification_token.created', { purpose: 'verify-email', expiresAt: expiresAt.toISOString() })];
}

/** @throws AlreadyVerified when the person proved the address already; UserNotFound */
export function invite(state: UserState, expiresAt: Date): NewUserEvent[] {
  refuseDeleted(state);
  if (state.email === null || state.emailVerified) throw new AlreadyVerified();
  return [event('user.verification_token.created', { purpose: 'invitation', expiresAt: expiresAt.toISOString() })];
}

/**
 * No event when the user has the role already.
 * @throws LastAdmin when no active admin would be left; UserNotFound when deleted or an unconfirmed registration, whose later
 *   owner must not inherit the role
 */
export function changeRole(state: UserState, to: UserRole, otherActiveAdmins: number): NewUserEvent[] {
  refuseDeleted(state);
  if (state.pending) throw new UserNotFound();
  if (state.role === to) return [];
  refuseLastAdmin(state, otherActiveAdmins);
  return [event('user.role_changed', { from: state.role, to })];
}

/** Removes a registration that will not be confirmed any more; other users are unaffected. */
export function loseClaim(state: UserState, reason: ClaimEnd = 'claim-lost'): NewUserEvent[] {
  return state.pending && state.erasedAt === null ? [event('user.erased', { reason })] : [];
}

/**
 * Applies the given fields. Fields that already have the given value are ignored; without a change there is no event.
 * @throws NothingToUpdate when no field is given; UserNotFound
 */
export function updateProfile(state: UserState, given: Partial<Profile>): NewUserEvent[] {
  refuseDeleted(state);
  const fields = PROFILE_FIELDS.filter((field) => given[field] !== undefined);
  if (fields.length === 0) throw new NothingToUpdate();
  const changed = fields.filter((field) => given[field] !== state[field]);
  if (changed.length === 0) return [];
  return [event('user.updated', Object.fromEntries(changed.map((field) => [field, given[field]])))];
}

/** @throws UsernameUnchanged, InvalidUsername; UserNotFound */
export function changeUsername(state: UserState, newUsername: string): NewUserEvent[] {
  refuseDeleted(state);
  const username = newUsername.normalize('NFKC');
  checkUsername(username);
  if (username === state.username) throw new UsernameUnchanged();
  return [event('user.username_changed', { username })];
}

/** No event without a change. @throws UserNotFound */
export function changeProfessionalStatus(state: UserState, to: boolean): NewUserEvent[] {
  refuseDeleted(state);
  if (state.isProfessional === to) return [];
  return [event('user.professional_status_changed', { from: state.isProfessional, to })];
}

/** No event when suspended already. @throws LastAdmin, UserNotFound */
export function suspend(state: UserState, reason: string | null, otherActiveAdmins: number): NewUserEvent[] {
  refuseDeleted(state);
  if (state.suspendedAt !== null) return [];
  refuseLastAdmin(state, otherActiveAdmins);
  return [event('user.suspended', { reason })];
}

/** No event when not suspended. @throws UserNotFound */
export function reinstate(state: UserState): NewUserEvent[] {
  refuseDeleted(state);
  return state.suspendedAt === null ? [] : [event('user.reinstated', {})];
}

/** Soft delete: address and username stay reserved. @throws LastAdmin; UserNotFound, also when repeated */
export function remove(state: UserState, otherActiveAdmins: number): NewUserEvent[] {
  refuseDeleted(state);
  refuseLastAdmin(state, otherActiveAdmins);
  return [event('user.deleted', {})];
}

/** No event when not deleted. @throws UserNotFound when erased */
export function restore(state: UserState): NewUserEvent[] {
  if (state.erasedAt !== null) throw new UserNotFound();
  return state.deletedAt === null ? [] : [event('user.restored', {})];
}

/** Permanent, whether deleted before or not. @throws LastAdmin; UserNotFound when repeated */
export function erase(state: UserState, reason: ErasureReason, otherActiveAdmins: number): NewUserEvent[] {
  if (state.erasedAt !== null) throw new UserNotFound();
  refuseLastAdmin(state, otherActiveAdmins);
  return [event('user.erased', { reason })];
}

/** @throws UserNotFound */
export function refuseDeleted(state: UserState): void {
  if (state.deletedAt !== null || state.erasedAt !== null) throw new UserNotFound();
}

/** A suspended or deleted admin does not count towards the required one, nor does a service account. */
function refuseLastAdmin(state: UserState, otherActiveAdmins: number): void {
  const isActive = state.suspendedAt === null && state.deletedAt === null && !state.pending;
  if (state.kind === 'PERSON' && state.role === 'ADMIN' && isActive && otherActiveAdmins === 0) throw new LastAdmin();
}
