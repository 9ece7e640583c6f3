import { USER_KINDS, USER_ROLES } from '../access/role.js';
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

/** How a user was created. */
const ORIGINS = ['registration', 'admin', 'invitation', 'import'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Why a registration ended: somebody else proved the address, or nobody did in time. */
const CLAIM_ENDS = ['claim-lost', 'claim-expired'] as const;
export type ClaimEnd = (typeof CLAIM_ENDS)[number];

/** Why a person was erased: an admin did it, or the retention of deleted users was over. */
const ERASURE_REASONS = ['admin', 'retention'] as const;
export type ErasureReason = (typeof ERASURE_REASONS)[number];

/** The kinds of further contacts of a user. */
export const CONTACT_KINDS = ['email', 'phone'] as const;
export type ContactKind = (typeof CONTACT_KINDS)[number];

/** The purposes of links that prove an address. */
const LINK_PURPOSES = ['verify-email', 'invitation', 'confirm-contact', 'magic-link'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

/** The purposes of one-time tokens. */
export type TokenPurpose = LinkPurpose | 'reset-password' | 'confirm-email-change' | 'unlock' | 'restore-account';

/** The part of a user that only describes the person. */
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
const SCOPE = described(
  text('users:read introspect'),
  'what the keys of a service account may be used for, separated by spaces',
);
const CONTACT = { contactId: uuid(), kind: oneOf(CONTACT_KINDS) };
const METHOD = {
  kind: described(
    text('password'),
    'id of the sign-in method or second factor: `password`, `passkey`, `totp`, `recovery-codes`',
  ),
  label: personal(maybe(described(text('Laptop'), 'name that the user gave it, where there can be several'))),
};
const NOTHING = {};

/** Turns data of one schema version into data of the next. Erased personal values are null, and must stay null. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

interface Declaration<F extends Fields = Fields> {
  /** For people: when the event happens. */
  readonly summary: string;
  readonly fields: F;
  /** Schema version of `data`; a change of its shape raises it and adds an upcaster. */
  readonly version: number;
  /** Upcasters by the version that they start from; see `upcast.ts`. Stored events stay as they were written. */
  readonly upcast?: Readonly<Record<number, Upcaster>>;
}

/** The first shape of an event. A later one is `{ ...declare(...), version: 2, upcast: { 1: ... } }`. */
const declare = <F extends Fields>(summary: string, fields: F): Declaration<F> => ({ summary, fields, version: 1 });

/**
 * Every event. Types are past tense and dotted; data is plain JSON, with ids rather than entities, and never a secret. The TypeScript
 * types of the data, which fields are sealed, the JSON Schemas and the AsyncAPI document all come from here.
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
    kind: optional(described(oneOf(USER_KINDS), '`PERSON` where it is absent')),
    scope: optional(SCOPE),
  }),
  'user.email_verified': declare('The person proved that the address is theirs.', { email: personal(email()) }),
  'user.verification_token.created': declare(
    'A link that proves an address was requested, for a registration, an invitation, a contact or a sign-in. The token itself is in no event.',
    {
      purpose: oneOf(LINK_PURPOSES),
      expiresAt: time(),
      contactId: optional(described(uuid(), 'the contact, where the purpose is `confirm-contact`')),
    },
  ),
  'user.updated': declare('The profile changed: the changed fields with their new values.', PROFILE_CHANGES),
  'user.username_changed': declare('The username was changed.', { username: personal(USERNAME) }),
  'user.email_change_requested': declare(
    'The user, or an admin, requested a change of address. Nothing changes until the owner of the new address confirms.',
    { newEmail: personal(email()), expiresAt: time() },
  ),
  'user.email_changed': declare('The owner of the new address confirmed it with the link.', {
    email: personal(email()),
    previousEmail: personal(maybe(email())),
  }),
  'user.password_changed': declare('The user changed the password, with the previous one.', NOTHING),
  'user.password_reset.requested': declare('A link to choose a new password was requested.', { expiresAt: time() }),
  'user.password_reset.completed': declare('The user chose a new password with that link.', NOTHING),
  'user.authenticator_added': declare('A sign-in method or second factor was added.', METHOD),
  'user.authenticator_removed': declare('A sign-in method or second factor was removed.', METHOD),
  'user.professional_status_changed': declare('The professional status was set or removed.', {
    from: flag(),
    to: flag(),
  }),
  'user.suspended': declare('A manager or an admin suspended the user, until one of them reinstates it.', {
    reason: forStaff(personal(maybe(text('Spam.')))),
  }),
  'user.reinstated': declare('The suspension was lifted.', NOTHING),
  'user.deleted': declare(
    'The user was deleted: hidden and signed out. The address and username stay reserved.',
    NOTHING,
  ),
  'user.restored': declare('The deletion was undone.', NOTHING),
  'user.role_changed': declare('An admin gave the user another role.', { from: ROLE, to: ROLE }),
  'user.scope_changed': declare('An admin changed what the keys of a service account may be used for.', {
    from: SCOPE,
    to: SCOPE,
  }),
  'user.key_created': declare('An admin made a key of a service account. The key itself is in no event.', {
    keyId: uuid(),
    name: personal(text('CI')),
    expiresAt: maybe(time()),
    networks: maybe(
      described(text('10.1.0.0/16'), 'the networks that it may be used from (CIDR), separated by spaces; null for all'),
    ),
  }),
  'user.key_retired': declare('An admin retired a key of a service account: it is refused from then on.', {
    keyId: uuid(),
  }),
  'user.contact_added': declare('A further email address (not confirmed yet) or phone number was added.', {
    ...CONTACT,
    value: personal(text('ada@work.example.com')),
    label: personal(maybe(text('Work'))),
  }),
  'user.contact_confirmed': declare('The owner of the contact confirmed it with the link.', CONTACT),
  'user.contact_removed': declare('A contact was removed.', CONTACT),
  'user.erased': declare(
    'The personal data was destroyed for good: erase your copies. Also the end of a registration that nobody proved in time, or whose address somebody else proved.',
    { reason: oneOf([...CLAIM_ENDS, ...ERASURE_REASONS]) },
  ),
} as const satisfies Record<string, Declaration>;

export type UserEventType = keyof typeof DECLARED;

/** The data of every event, by type. */
export type UserEvents = { [T in UserEventType]: DataOf<(typeof DECLARED)[T]['fields']> };

interface EventDeclaration extends Declaration {
  /** Fields with personal data: they are sealed under the user's own key. */
  readonly personal: readonly string[];
  /** Fields for staff alone: null where the person reads their own events. */
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

/** An event that was decided but not written yet. */
export type NewUserEvent = { [T in UserEventType]: { readonly type: T; readonly data: UserEvents[T] } }[UserEventType];

/** Builds an event; the compiler checks the data against the type. */
export function event<T extends UserEventType>(type: T, data: UserEvents[T]): NewUserEvent {
  return { type, data } as NewUserEvent;
}

/** The event as its own user may read it: fields for staff are null. */
export function forThePerson<E extends { readonly type: UserEventType; readonly data: object }>(stored: E): E {
  const { forStaff: names } = USER_EVENTS[stored.type];
  if (names.length === 0) return stored;
  return { ...stored, data: { ...stored.data, ...Object.fromEntries(names.map((name) => [name, null])) } };
}
