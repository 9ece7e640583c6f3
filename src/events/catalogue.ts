import type { UserRole } from '../access/role.js';

/** How a user came to be. */
export type Origin = 'registration' | 'admin' | 'invitation' | 'import';

/** Why a registration vanished: somebody else proved the address, or nobody did in time. */
export type ClaimEnd = 'claim-lost' | 'claim-expired';

/** Why a person was erased: an admin did it, or the time that deleted users are kept was over. */
export type ErasureReason = 'admin' | 'retention';

/** The part of a user that is only a description of the person. */
export interface Profile {
  firstName: string | null;
  lastName: string | null;
  nickname: string | null;
  bio: string | null;
  pictureUrl: string | null;
  locale: string | null;
  /** E.164. */
  phone: string | null;
  githubUrl: string | null;
  linkedinUrl: string | null;
}

export const PROFILE_FIELDS = [
  'firstName',
  'lastName',
  'nickname',
  'bio',
  'pictureUrl',
  'locale',
  'phone',
  'githubUrl',
  'linkedinUrl',
] as const satisfies readonly (keyof Profile)[];

/** What a further contact of a user is. */
export const CONTACT_KINDS = ['email', 'phone'] as const;
export type ContactKind = (typeof CONTACT_KINDS)[number];

/** What a link that proves an address is good for. */
export type LinkPurpose = 'verify-email' | 'invitation' | 'confirm-contact' | 'magic-link';

/** What a one-time token is good for. */
export type TokenPurpose = LinkPurpose | 'reset-password' | 'confirm-email-change' | 'unlock';

/**
 * The data of every event, by type. Types are past tense and dotted; data is plain JSON, ids rather than entities, and
 * never a secret.
 */
export interface UserEvents {
  /** Somebody registered, or was created by an admin. */
  'user.created': {
    email: string | null;
    username: string | null;
    firstName: string | null;
    lastName: string | null;
    nickname: string | null;
    locale: string | null;
    role: UserRole;
    how: Origin;
  };
  /** The person proved that the address is theirs. */
  'user.email_verified': { email: string };
  /**
   * A link that proves an address is due, for a registration, an invitation, a contact or a sign-in; Mail sends it. The token
   * itself is never in an event.
   */
  'user.verification_token.created': {
    purpose: LinkPurpose;
    expiresAt: string;
    /** With the purpose `confirm-contact`: which contact. */
    contactId?: string;
  };
  /** The profile changed: the changed fields with their new values. */
  'user.updated': Partial<Profile>;
  'user.username_changed': { username: string };
  /** The user, or an admin, asks for another address. Nothing has changed until who reads its mails confirms. */
  'user.email_change_requested': { newEmail: string; expiresAt: string };
  /** Who reads the mails to the new address opened the link. */
  'user.email_changed': { email: string; previousEmail: string | null };
  /** By the user, who knew the one before. */
  'user.password_changed': Record<string, never>;
  /** A link to choose a new password is due; Mail sends it. */
  'user.password_reset.requested': { expiresAt: string };
  /** Somebody opened that link and chose one. */
  'user.password_reset.completed': Record<string, never>;
  /** Another way to sign in, by the id of its method, named by the user where there can be several. */
  'user.authenticator_added': { kind: string; label: string | null };
  'user.authenticator_removed': { kind: string; label: string | null };
  'user.professional_status_changed': { from: boolean; to: boolean };
  /** A manager or an admin shut the user out, until one of them reinstates it. */
  'user.suspended': { reason: string | null };
  'user.reinstated': Record<string, never>;
  /** Hidden and signed out; address and username stay reserved. */
  'user.deleted': Record<string, never>;
  'user.restored': Record<string, never>;
  /** An admin gave the user another role. */
  'user.role_changed': { from: UserRole; to: UserRole };
  /** A further email address (not confirmed yet) or phone number to reach the person by. */
  'user.contact_added': { contactId: string; kind: ContactKind; value: string; label: string | null };
  /** Who reads the mails to that address opened the link. */
  'user.contact_confirmed': { contactId: string; kind: ContactKind };
  'user.contact_removed': { contactId: string; kind: ContactKind };
  /** Personal data was destroyed for good; also how a registration ends whose address somebody else proved. */
  'user.erased': { reason: ClaimEnd | ErasureReason };
}

export type UserEventType = keyof UserEvents;

/** Makes data of the next schema version from data of one. Erased personal values come as null, and have to leave as null. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

interface Declaration<T extends UserEventType> {
  /** Schema version of `data`; a change of shape raises it and adds an upcaster. */
  readonly version: number;
  /** By the version that each one leads away from; see `upcast.ts`. Stored events stay as they were written. */
  readonly upcast?: Readonly<Record<number, Upcaster>>;
  /** Fields that say something about the person: they are sealed under the user's own key. */
  readonly personal: readonly (keyof UserEvents[T])[];
}

export const USER_EVENTS: { readonly [T in UserEventType]: Declaration<T> } = {
  'user.created': { version: 1, personal: ['email', 'username', 'firstName', 'lastName', 'nickname', 'locale'] },
  'user.email_verified': { version: 1, personal: ['email'] },
  'user.verification_token.created': { version: 1, personal: [] },
  'user.updated': { version: 1, personal: PROFILE_FIELDS },
  'user.username_changed': { version: 1, personal: ['username'] },
  'user.email_change_requested': { version: 1, personal: ['newEmail'] },
  'user.email_changed': { version: 1, personal: ['email', 'previousEmail'] },
  'user.password_changed': { version: 1, personal: [] },
  'user.password_reset.requested': { version: 1, personal: [] },
  'user.password_reset.completed': { version: 1, personal: [] },
  'user.authenticator_added': { version: 1, personal: ['label'] },
  'user.authenticator_removed': { version: 1, personal: ['label'] },
  'user.professional_status_changed': { version: 1, personal: [] },
  'user.suspended': { version: 1, personal: ['reason'] },
  'user.reinstated': { version: 1, personal: [] },
  'user.deleted': { version: 1, personal: [] },
  'user.restored': { version: 1, personal: [] },
  'user.role_changed': { version: 1, personal: [] },
  'user.contact_added': { version: 1, personal: ['value', 'label'] },
  'user.contact_confirmed': { version: 1, personal: [] },
  'user.contact_removed': { version: 1, personal: [] },
  'user.erased': { version: 1, personal: [] },
};

/** An event that was decided but is not written yet. */
export type NewUserEvent = { [T in UserEventType]: { readonly type: T; readonly data: UserEvents[T] } }[UserEventType];

/** Builds an event with its type checked against its data. */
export function event<T extends UserEventType>(type: T, data: UserEvents[T]): NewUserEvent {
  return { type, data } as NewUserEvent;
}
