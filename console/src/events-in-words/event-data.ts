import type { ContactKind, UserRole } from '../api/schema.js';

/** The profile fields that `user.updated` may carry. */
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
] as const;
export type ProfileField = (typeof PROFILE_FIELDS)[number];

/**
 * What the events of users carry, all types together; each type has a few of these. Personal values are null once the person has been
 * erased. The JSON Schemas at `/docs/events/schemas` say it by type.
 */
export interface EventData extends Readonly<Partial<Record<ProfileField, string | null>>> {
  readonly how?: 'registration' | 'admin' | 'invitation' | 'import';
  readonly role?: UserRole;
  readonly email?: string | null;
  readonly previousEmail?: string | null;
  readonly newEmail?: string | null;
  readonly username?: string | null;
  readonly purpose?: 'verify-email' | 'invitation' | 'confirm-contact' | 'magic-link';
  readonly expiresAt?: string | null;
  readonly from?: UserRole | boolean | (string & {});
  readonly to?: UserRole | boolean | (string & {});
  /** Of a key of a service account. */
  readonly name?: string | null;
  /** Of a suspension in the words of its author, of an erasure a code. */
  readonly reason?: string | null;
  /** Of a contact, or the id of a sign-in method. */
  readonly kind?: ContactKind | (string & {});
  readonly label?: string | null;
  readonly value?: string | null;
}
