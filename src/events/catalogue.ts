import { USER_ROLES } from '../access/role.js';
import {
  type DataOf,
  described,
  email,
  type Field,
  type Fields,
  flag,
  forStaff,
  maybe,
  oneOf,
  optional,
  personal,
  text,
  time,
  uuid,
} from './event-fields.js';

/** How a user came to be. */
const ORIGINS = ['registration', 'admin', 'invitation', 'import'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Why a registration vanished: somebody else proved the address, or nobody did in time. */
const CLAIM_ENDS = ['claim-lost', 'claim-expired'] as const;
export type ClaimEnd = (typeof CLAIM_ENDS)[number];

/** Why a person was erased: an admin did it, or the time that deleted users are kept was over. */
const ERASURE_REASONS = ['admin', 'retention'] as const;
export type ErasureReason = (typeof ERASURE_REASONS)[number];

/** What a further contact of a user is. */
export const CONTACT_KINDS = ['email', 'phone'] as const;
export type ContactKind = (typeof CONTACT_KINDS)[number];

/** What a link that proves an address is good for. */
const LINK_PURPOSES = ['verify-email', 'invitation', 'confirm-contact', 'magic-link'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

/** What a one-time token is good for. */
export type TokenPurpose = LinkPurpose | 'reset-password' | 'confirm-email-change' | 'unlock' | 'restore-account';

/** The part of a user that is only a description of the person. */
const PROFILE = {
  firstName: maybe(text('Ada')),
  lastName: maybe(text('Lovelace')),
  nickname: maybe(text('Countess')),
  bio: maybe(text('Wrote the first program.')),
  pictureUrl: maybe(text('https://example.com/ada.png')),
  locale: maybe(described(text('en-GB'), 'BCP 47')),
  phone: maybe(described(text('+442079460958'), 'E.164')),
  githubUrl: maybe(text('https://github.com/ada')),
  linkedinUrl: maybe(text('https://www.linkedin.com/in/ada')),
} as const satisfies Fields;
export type Profile = DataOf<typeof PROFILE>;
export const PROFILE_FIELDS = Object.keys(PROFILE) as (keyof Profile)[];

const PROFILE_CHANGES = Object.fromEntries(
  Object.entries<Field<string | null>>(PROFILE).map(([name, field]) => [name, optional(personal(field))]),
) as { readonly [Name in keyof typeof PROFILE]: Field<string | null> & { readonly optional: true } };

const ROLE = oneOf(USER_ROLES);
const USERNAME = text('ada');
const CONTACT = { contactId: uuid(), kind: oneOf(CONTACT_KINDS) };
const METHOD = {
  kind: described(text('password'), 'the id of the way to sign in, such as `password`'),
  label: personal(maybe(described(text('Laptop'), 'the name that the user gave it, where there can be several'))),
};
const NOTHING = {};

/** Makes data of the next schema version from data of one. Erased personal values come as null, and have to leave as null. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

interface Declaration<F extends Fields = Fields> {
  /** When it happens, for people. */
  readonly summary: string;
  readonly fields: F;
  /** Schema version of `data`; a change of shape raises it and adds an upcaster. */
  readonly version: number;
  /** By the version that each one leads away from; see `upcast.ts`. Stored events stay as they were written. */
  readonly upcast?: Readonly<Record<number, Upcaster>>;
}

/** The first shape of an event. A later one is `{ ...declare(...), version: 2, upcast: { 1: ... } }`. */
const declare = <F extends Fields>(summary: string, fields: F): Declaration<F> => ({ summary, fields, version: 1 });

/**
 * Every event. Types are past tense and dotted; data is plain JSON, ids rather than entities, and never a secret. The types of
 * the data, what of it is sealed, the JSON Schemas and the AsyncAPI document all come from here.
 */
const DECLARED = {
  'user.created': declare('Somebody registered, or was created, invited or imported.', {
    email: personal(maybe(email())),
    username: personal(maybe(USERNAME)),
    firstName: personal(PROFILE.firstName),
    lastName: personal(PROFILE.lastName),
    nickname: personal(PROFILE.nickname),
    locale: personal(PROFILE.locale),
    role: ROLE,
    how: oneOf(ORIGINS),
  }),
  'user.email_verified': declare('The person proved that the address is theirs.', { email: personal(email()) }),
  'user.verification_token.created': declare(
    'A link that proves an address is due, for a registration, an invitation, a contact or a sign-in. The token itself is in no event.',
    {
      purpose: oneOf(LINK_PURPOSES),
      expiresAt: time(),
      contactId: optional(described(uuid(), 'with the purpose `confirm-contact`: which contact')),
    },
  ),
  'user.updated': declare('The profile changed: the changed fields with their new values.', PROFILE_CHANGES),
  'user.username_changed': declare('The user has another username.', { username: personal(USERNAME) }),
  'user.email_change_requested': declare(
    'The user, or an admin, asks for another address. Nothing has changed until who reads its mails confirms.',
    { newEmail: personal(email()), expiresAt: time() },
  ),
  'user.email_changed': declare('Who reads the mails to the new address opened the link.', {
    email: personal(email()),
    previousEmail: personal(maybe(email())),
  }),
  'user.password_changed': declare('By the user, who knew the one before.', NOTHING),
  'user.password_reset.requested': declare('A link to choose a new password is due.', { expiresAt: time() }),
  'user.password_reset.completed': declare('Somebody opened that link and chose a new password.', NOTHING),
  'user.authenticator_added': declare('The user has another way to sign in.', METHOD),
  'user.authenticator_removed': declare('The user has a way to sign in less.', METHOD),
  'user.professional_status_changed': declare('The user counts as a professional from now on, or no more.', {
    from: flag(),
    to: flag(),
  }),
  'user.suspended': declare('A manager or an admin shut the user out, until one of them reinstates it.', {
    reason: forStaff(personal(maybe(text('Spam.')))),
  }),
  'user.reinstated': declare('The suspension is over.', NOTHING),
  'user.deleted': declare('Hidden and signed out; address and username stay reserved.', NOTHING),
  'user.restored': declare('The deletion was undone.', NOTHING),
  'user.role_changed': declare('An admin gave the user another role.', { from: ROLE, to: ROLE }),
  'user.contact_added': declare('A further email address (not confirmed yet) or phone number to reach the person by.', {
    ...CONTACT,
    value: personal(text('ada@work.example.com')),
    label: personal(maybe(text('Work'))),
  }),
  'user.contact_confirmed': declare('Who reads the mails to the contact opened the link.', CONTACT),
  'user.contact_removed': declare('The user has a contact less.', CONTACT),
  'user.erased': declare(
    'Personal data was destroyed for good: erase yours. Also how a registration ends that nobody proved, or whose address somebody else proved.',
    { reason: oneOf([...CLAIM_ENDS, ...ERASURE_REASONS]) },
  ),
} as const satisfies Record<string, Declaration>;

export type UserEventType = keyof typeof DECLARED;

/** The data of every event, by type. */
export type UserEvents = { [T in UserEventType]: DataOf<(typeof DECLARED)[T]['fields']> };

interface EventDeclaration extends Declaration {
  /** Fields that say something about the person: they are sealed under the user's own key. */
  readonly personal: readonly string[];
  /** Fields that are kept from the person: null in what they read of themselves. */
  readonly forStaff: readonly string[];
}

export const USER_EVENTS = Object.fromEntries(
  Object.entries<Declaration>(DECLARED).map(([type, declaration]) => {
    const fields = Object.entries(declaration.fields);
    const personalNames = fields.flatMap(([name, field]) => (field.personal ? [name] : []));
    const staffNames = fields.flatMap(([name, field]) => (field.forStaff ? [name] : []));
    return [type, { ...declaration, personal: personalNames, forStaff: staffNames }];
  }),
) as unknown as { readonly [T in UserEventType]: EventDeclaration };

/** An event that was decided but is not written yet. */
export type NewUserEvent = { [T in UserEventType]: { readonly type: T; readonly data: UserEvents[T] } }[UserEventType];

/** Builds an event with its type checked against its data. */
export function event<T extends UserEventType>(type: T, data: UserEvents[T]): NewUserEvent {
  return { type, data } as NewUserEvent;
}

/** The event as the person reads it whom it is about: without what colleagues wrote for colleagues, null in its place. */
export function forThePerson<E extends { readonly type: UserEventType; readonly data: object }>(stored: E): E {
  const { forStaff: names } = USER_EVENTS[stored.type];
  if (names.length === 0) return stored;
  return { ...stored, data: { ...stored.data, ...Object.fromEntries(names.map((name) => [name, null])) } };
}
