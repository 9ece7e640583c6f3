import type { UserRole, UserStatus } from '../api/schema.js';
import { defineWords } from '../language/words.js';

/** Names of the fields of a user, and of their values. */
export const fieldWords = defineWords({
  en: {
    fields: {
      email: 'Email address',
      emailVerified: 'Address confirmed',
      username: 'Username',
      firstName: 'First name',
      lastName: 'Last name',
      nickname: 'Nickname',
      bio: 'About',
      pictureUrl: 'Picture',
      locale: 'Language',
      phone: 'Phone',
      githubUrl: 'GitHub',
      linkedinUrl: 'LinkedIn',
      isProfessional: 'Professional',
      professionalStatusChangedAt: 'Professional status changed',
      role: 'Role',
      status: 'Status',
      lockedUntil: 'Locked until',
      lastLoginAt: 'Last sign-in',
      createdAt: 'Created',
      contacts: 'Contacts',
    },
    roles: { AUTHENTICATED: 'User', MANAGER: 'Manager', ADMIN: 'Admin' } satisfies Record<UserRole, string>,
    statuses: {
      PENDING: 'Pending',
      ACTIVE: 'Active',
      LOCKED: 'Locked',
      SUSPENDED: 'Suspended',
      DELETED: 'Deleted',
    } satisfies Record<UserStatus, string>,
    yes: 'Yes',
    no: 'No',
    none: 'none',
  },
  de: {
    fields: {
      email: 'E-Mail-Adresse',
      emailVerified: 'Adresse bestätigt',
      username: 'Benutzername',
      firstName: 'Vorname',
      lastName: 'Nachname',
      nickname: 'Spitzname',
      bio: 'Über die Person',
      pictureUrl: 'Bild',
      locale: 'Sprache',
      phone: 'Telefon',
      githubUrl: 'GitHub',
      linkedinUrl: 'LinkedIn',
      isProfessional: 'Beruflich',
      professionalStatusChangedAt: 'Beruflicher Status geändert',
      role: 'Rolle',
      status: 'Status',
      lockedUntil: 'Gesperrt bis',
      lastLoginAt: 'Letzte Anmeldung',
      createdAt: 'Angelegt',
      contacts: 'Kontakte',
    },
    roles: { AUTHENTICATED: 'Benutzer', MANAGER: 'Manager', ADMIN: 'Admin' },
    statuses: {
      PENDING: 'Unbestätigt',
      ACTIVE: 'Aktiv',
      LOCKED: 'Gesperrt',
      SUSPENDED: 'Deaktiviert',
      DELETED: 'Gelöscht',
    },
    yes: 'Ja',
    no: 'Nein',
    none: 'keine Angabe',
  },
});

export type FieldWords = (typeof fieldWords)['en'];

/** The name of a field; one that the console does not know yet keeps the name that the API gives it. */
export function fieldName({ fields }: FieldWords, field: string): string {
  return (fields as Readonly<Record<string, string>>)[field] ?? field;
}
