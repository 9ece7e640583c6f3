import type { UserRole } from '../access/role.js';
import { event, type NewUserEvent, type Origin, type UserEvents } from '../events/catalogue.js';
import type { UserEvent } from '../events/user-event.js';
import { checkUsername } from './identifiers.js';
import { AlreadyVerified, LastAdmin, NamelessUser, UserNotFound } from './user-errors.js';

/**
 * A user as the fold of its events. Facts only: what depends on the time, such as "locked", is derived when it is read.
 */
export interface UserState {
  readonly id: string;
  readonly version: number;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly nickname: string | null;
  readonly bio: string | null;
  readonly pictureUrl: string | null;
  readonly locale: string | null;
  readonly phone: string | null;
  readonly githubUrl: string | null;
  readonly linkedinUrl: string | null;
  readonly isProfessional: boolean;
  readonly professionalStatusChangedAt: Date | null;
  readonly role: UserRole;
  /** Registered, and the address not proved yet: the user only claims it, as others may too. */
  readonly pending: boolean;
  readonly suspendedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly erasedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewUser {
  readonly email?: string | null;
  readonly username?: string | null;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly nickname?: string | null;
  readonly locale?: string | null;
  readonly role: UserRole;
  readonly how: Origin;
}

// Deciding: pure functions from (state, command) to events. They throw when a rule says no.

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
  };
  if (data.username !== null) checkUsername(data.username);
  if (!data.email && !data.username && !data.firstName && !data.lastName && !data.nickname) throw new NamelessUser();
  return [event('user.created', data)];
}

/** @throws AlreadyVerified when there is nothing left to prove; UserNotFound when deleted */
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

/**
 * No event when the user has the role already.
 * @throws LastAdmin when no active admin would be left; UserNotFound when deleted, or only claimed by a registration: a role
 *   is not given to whoever turns out to own the address
 */
export function changeRole(state: UserState, to: UserRole, otherActiveAdmins: number): NewUserEvent[] {
  refuseDeleted(state);
  if (state.pending) throw new UserNotFound();
  if (state.role === to) return [];
  if (state.role === 'ADMIN' && otherActiveAdmins === 0) throw new LastAdmin();
  return [event('user.role_changed', { from: state.role, to })];
}

/** A registration whose address somebody else has proved: it vanishes. */
export function loseClaim(state: UserState): NewUserEvent[] {
  return state.pending && state.erasedAt === null ? [event('user.erased', { reason: 'claim-lost' })] : [];
}

function refuseDeleted(state: UserState): void {
  if (state.deletedAt !== null || state.erasedAt !== null) throw new UserNotFound();
}

// Evolving: what an event makes of a state. The same function serves live writes, history and replay.

/** @throws Error when the first event of a user is not `user.created`, or comes twice */
export function evolve(state: UserState | undefined, stored: UserEvent): UserState {
  if (stored.type === 'user.created') {
    if (state) throw new Error(`User ${stored.userId} is created twice`);
    return created(stored.data, stored);
  }
  if (!state) throw new Error(`User ${stored.userId} has ${stored.type} before user.created`);
  const next = { ...state, version: stored.userVersion, updatedAt: stored.occurredAt };
  switch (stored.type) {
    case 'user.email_verified':
      return { ...next, emailVerified: true, pending: false };
    case 'user.role_changed':
      return { ...next, role: stored.data.to };
    case 'user.erased':
      return { ...next, ...BLANK, erasedAt: stored.occurredAt };
    case 'user.verification_token.created':
      return next;
    default:
      // Written by a newer release: to go on without it would make a wrong row.
      throw new Error(`Unknown event type: ${(stored satisfies never as UserEvent).type}`);
  }
}

const BLANK = {
  email: null,
  username: null,
  firstName: null,
  lastName: null,
  nickname: null,
  bio: null,
  pictureUrl: null,
  locale: null,
  phone: null,
  githubUrl: null,
  linkedinUrl: null,
} as const;

function created(data: UserEvents['user.created'], stored: UserEvent): UserState {
  return {
    ...BLANK,
    id: stored.userId,
    version: stored.userVersion,
    email: data.email,
    emailVerified: false,
    username: data.username,
    firstName: data.firstName,
    lastName: data.lastName,
    nickname: data.nickname,
    locale: data.locale,
    isProfessional: false,
    professionalStatusChangedAt: null,
    role: data.role,
    pending: data.how === 'registration',
    suspendedAt: null,
    deletedAt: null,
    erasedAt: null,
    createdAt: stored.occurredAt,
    updatedAt: stored.occurredAt,
  };
}
