import type { UserEventType } from '../api/schema.js';
import { defineWords } from '../language/words.js';
import { type EventData, PROFILE_FIELDS } from './event-data.js';
import { fieldName, fieldWords } from './field-words.js';

/** How a moment is written: date and time in the reader's zone. */
export type WriteTime = (iso: string) => string;

/** The names of providers of sign-ins by their ids. */
export type ProviderNames = Readonly<Record<string, string>>;

/** What happened, as a sentence without its actor and without its time, which stand beside it. */
type Sentence = (data: EventData, time: WriteTime, providers: ProviderNames) => string;

/** One for every type of event: a new type without a sentence does not compile. */
type Sentences = Readonly<Record<UserEventType, Sentence>>;

// Personal values are null once erased.
const after = (lead: string, value: unknown): string =>
  typeof value === 'string' && value !== '' ? `${lead}${value}` : '';
const named = (table: Readonly<Record<string, string>>, key: unknown): string => {
  const name = String(key);
  return table[name] ?? name;
};

const changed = (data: EventData, words: (typeof fieldWords)['en']): string =>
  PROFILE_FIELDS.filter((field) => field in data)
    .map((field) => fieldName(words, field))
    .join(', ');

const METHODS_EN = {
  password: 'Password',
  passkey: 'Passkey',
  totp: 'Authenticator app',
  'recovery-codes': 'Recovery codes',
};
const METHODS_DE = {
  password: 'Passwort',
  passkey: 'Passkey',
  totp: 'Authenticator-App',
  'recovery-codes': 'Wiederherstellungscodes',
};

/** Every other kind of sign-in method is a provider; one that is not offered any more is called by its id. */
const isProvider = (kind: unknown): boolean => !Object.hasOwn(METHODS_EN, String(kind));

const en: Sentences = {
  'user.created': ({ how, role }) => {
    const began = { registration: 'Registered', admin: 'Created', invitation: 'Invited', import: 'Imported' };
    return `${named(began, how)} as ${named(fieldWords.en.roles, role)}`;
  },
  'user.email_verified': ({ email }) => `Confirmed the address${after(' ', email)}`,
  'user.verification_token.created': ({ purpose, expiresAt }, time) => {
    const links = {
      'verify-email': 'Confirmation link',
      invitation: 'Invitation link',
      'confirm-contact': 'Confirmation link for a contact',
      'magic-link': 'Sign-in link',
    };
    return `${named(links, purpose)} requested, valid until ${time(expiresAt ?? '')}`;
  },
  'user.updated': (data) => `Profile changed: ${changed(data, fieldWords.en)}`,
  'user.username_changed': ({ username }) => `Username changed${after(' to ', username)}`,
  'user.email_change_requested': ({ newEmail, expiresAt }, time) =>
    `Change of address${after(' to ', newEmail)} requested, to be confirmed by ${time(expiresAt ?? '')}`,
  'user.email_changed': ({ email, previousEmail }) =>
    `Address changed${after(' from ', previousEmail)}${after(' to ', email)}`,
  'user.password_changed': () => 'Password changed',
  'user.password_reset.requested': ({ expiresAt }, time) =>
    `Link to choose a new password requested, valid until ${time(expiresAt ?? '')}`,
  'user.password_reset.completed': () => 'New password chosen through the link',
  'user.authenticator_added': ({ kind, label }, _time, providers) =>
    isProvider(kind)
      ? `Account at ${named(providers, kind)} linked${after(': ', label)}`
      : `${named(METHODS_EN, kind)} added${after(': ', label)}`,
  'user.authenticator_removed': ({ kind, label }, _time, providers) =>
    isProvider(kind)
      ? `Account at ${named(providers, kind)} unlinked${after(': ', label)}`
      : `${named(METHODS_EN, kind)} removed${after(': ', label)}`,
  'user.professional_status_changed': ({ to }) =>
    to === true ? 'Marked as professional' : 'No longer marked as professional',
  'user.suspended': ({ reason }) => `Suspended${after(': ', reason)}`,
  'user.reinstated': () => 'Reinstated',
  'user.deleted': () => 'Deleted',
  'user.restored': () => 'Restored',
  'user.role_changed': ({ from, to }) =>
    `Role changed from ${named(fieldWords.en.roles, from)} to ${named(fieldWords.en.roles, to)}`,
  'user.scope_changed': ({ to }) => `Scopes changed to ${to === '' ? 'none' : String(to)}`,
  'user.key_created': ({ name, expiresAt }, time) =>
    `Key made${after(': ', name)}${expiresAt ? `, valid until ${time(expiresAt)}` : ''}`,
  'user.key_retired': () => 'Key retired',
  'user.contact_added': ({ kind, value, label }) =>
    `${kind === 'phone' ? 'Phone number' : 'Further address'} added${after(': ', value)}${after(', ', label)}`,
  'user.contact_confirmed': ({ kind }) => `${kind === 'phone' ? 'Phone number' : 'Further address'} confirmed`,
  'user.contact_removed': ({ kind }) => `${kind === 'phone' ? 'Phone number' : 'Further address'} removed`,
  'user.erased': ({ reason }) => {
    const ends = {
      'claim-lost': 'somebody else confirmed the address',
      'claim-expired': 'nobody confirmed the address in time',
      admin: 'an admin erased the person',
      retention: 'deleted users are kept for a limited time, which is over',
    };
    return `Personal data erased: ${named(ends, reason)}`;
  },
};

const de: Sentences = {
  'user.created': ({ how, role }) => {
    const began = { registration: 'Registriert', admin: 'Angelegt', invitation: 'Eingeladen', import: 'Importiert' };
    return `${named(began, how)} als ${named(fieldWords.de.roles, role)}`;
  },
  'user.email_verified': ({ email }) => `Adresse bestätigt${after(': ', email)}`,
  'user.verification_token.created': ({ purpose, expiresAt }, time) => {
    const links = {
      'verify-email': 'Bestätigungslink',
      invitation: 'Einladungslink',
      'confirm-contact': 'Bestätigungslink für einen Kontakt',
      'magic-link': 'Anmeldelink',
    };
    return `${named(links, purpose)} angefordert, gültig bis ${time(expiresAt ?? '')}`;
  },
  'user.updated': (data) => `Profil geändert: ${changed(data, fieldWords.de)}`,
  'user.username_changed': ({ username }) => `Benutzername geändert${after(' in ', username)}`,
  'user.email_change_requested': ({ newEmail, expiresAt }, time) =>
    `Änderung der Adresse${after(' in ', newEmail)} angefordert, zu bestätigen bis ${time(expiresAt ?? '')}`,
  'user.email_changed': ({ email, previousEmail }) =>
    `Adresse geändert${after(' von ', previousEmail)}${after(' in ', email)}`,
  'user.password_changed': () => 'Passwort geändert',
  'user.password_reset.requested': ({ expiresAt }, time) =>
    `Link für ein neues Passwort angefordert, gültig bis ${time(expiresAt ?? '')}`,
  'user.password_reset.completed': () => 'Neues Passwort über den Link gewählt',
  'user.authenticator_added': ({ kind, label }, _time, providers) =>
    isProvider(kind)
      ? `Konto bei ${named(providers, kind)} verknüpft${after(': ', label)}`
      : `${named(METHODS_DE, kind)} hinzugefügt${after(': ', label)}`,
  'user.authenticator_removed': ({ kind, label }, _time, providers) =>
    isProvider(kind)
      ? `Verknüpfung mit dem Konto bei ${named(providers, kind)} gelöst${after(': ', label)}`
      : `${named(METHODS_DE, kind)} entfernt${after(': ', label)}`,
  'user.professional_status_changed': ({ to }) =>
    to === true ? 'Als beruflich gekennzeichnet' : 'Nicht mehr als beruflich gekennzeichnet',
  'user.suspended': ({ reason }) => `Deaktiviert${after(': ', reason)}`,
  'user.reinstated': () => 'Wieder aktiviert',
  'user.deleted': () => 'Gelöscht',
  'user.restored': () => 'Wiederhergestellt',
  'user.role_changed': ({ from, to }) =>
    `Rolle geändert von ${named(fieldWords.de.roles, from)} in ${named(fieldWords.de.roles, to)}`,
  'user.scope_changed': ({ to }) => `Berechtigungen geändert in ${to === '' ? 'keine' : String(to)}`,
  'user.key_created': ({ name, expiresAt }, time) =>
    `Schlüssel erstellt${after(': ', name)}${expiresAt ? `, gültig bis ${time(expiresAt)}` : ''}`,
  'user.key_retired': () => 'Schlüssel außer Kraft gesetzt',
  'user.contact_added': ({ kind, value, label }) =>
    `${kind === 'phone' ? 'Telefonnummer' : 'Weitere Adresse'} hinzugefügt${after(': ', value)}${after(', ', label)}`,
  'user.contact_confirmed': ({ kind }) => `${kind === 'phone' ? 'Telefonnummer' : 'Weitere Adresse'} bestätigt`,
  'user.contact_removed': ({ kind }) => `${kind === 'phone' ? 'Telefonnummer' : 'Weitere Adresse'} entfernt`,
  'user.erased': ({ reason }) => {
    const ends = {
      'claim-lost': 'Jemand anderes hat die Adresse bestätigt',
      'claim-expired': 'Niemand hat die Adresse rechtzeitig bestätigt',
      admin: 'durch einen Admin',
      retention: 'Die Aufbewahrungszeit für gelöschte Personen ist abgelaufen',
    };
    return `Personenbezogene Daten endgültig gelöscht: ${named(ends, reason)}`;
  },
};

export const changeWords = defineWords({ en, de });
