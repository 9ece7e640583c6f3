import type { UserKind, UserRole } from '../../access/role.js';
import type { Profile, UserEvents } from '../../events/catalogue.js';
import type { UserEvent } from '../../events/user-event.js';
import { type Contact, evolveContacts } from './contact.js';

/**
 * A user as the fold of its events. Facts only: what depends on the time, such as "locked", is derived when it is read.
 */
export interface UserState extends Readonly<Profile> {
  readonly id: string;
  readonly version: number;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly isProfessional: boolean;
  readonly professionalStatusChangedAt: Date | null;
  readonly role: UserRole;
  readonly kind: UserKind;
  /** What the keys of a service account may be used for (`scopesOf`); null for a person. */
  readonly scope: string | null;
  /** Additional addresses and phone numbers, oldest first. */
  readonly contacts: readonly Contact[];
  /** Registered with an unconfirmed address: a claim to it, which others may have as well. */
  readonly pending: boolean;
  readonly suspendedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly erasedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

// Evolving: applies an event to a state. Live writes, history and replay use the same function.

/** @throws Error when the first event of a user is not `user.created`, or `user.created` is repeated */
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
    case 'user.scope_changed':
      return { ...next, scope: stored.data.to };
    case 'user.updated':
      return { ...next, ...stored.data };
    case 'user.username_changed':
      return { ...next, username: stored.data.username };
    case 'user.email_changed':
      return { ...next, email: stored.data.email, emailVerified: true };
    case 'user.professional_status_changed':
      return { ...next, isProfessional: stored.data.to, professionalStatusChangedAt: stored.occurredAt };
    case 'user.contact_added':
    case 'user.contact_confirmed':
    case 'user.contact_removed':
      return { ...next, contacts: evolveContacts(state.contacts, stored) };
    case 'user.suspended':
      return { ...next, suspendedAt: stored.occurredAt };
    case 'user.reinstated':
      return { ...next, suspendedAt: null };
    case 'user.deleted':
      return { ...next, deletedAt: stored.occurredAt };
    case 'user.restored':
      return { ...next, deletedAt: null };
    case 'user.erased':
      return { ...next, ...BLANK, deletedAt: state.deletedAt ?? stored.occurredAt, erasedAt: stored.occurredAt };
    case 'user.verification_token.created':
    case 'user.email_change_requested':
    case 'user.password_changed':
    case 'user.password_reset.requested':
    case 'user.password_reset.completed':
    case 'user.authenticator_added':
    case 'user.authenticator_removed':
    case 'user.key_created':
    case 'user.key_retired':
      return next;
    default:
      // Written by a newer release: skipping it would produce a wrong row.
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
  contacts: [],
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
    kind: data.kind ?? 'PERSON',
    scope: data.scope ?? null,
    pending: data.how === 'registration',
    suspendedAt: null,
    deletedAt: null,
    erasedAt: null,
    createdAt: stored.occurredAt,
    updatedAt: stored.occurredAt,
  };
}
