import type { ContactKind } from '../../events/catalogue.js';
import type { UserEventOf } from '../../events/user-event.js';

/**
 * An additional email address or phone number of a user. Times are RFC 3339 in UTC, as stored in the row. Contacts cannot be used
 * to sign in and are not unique: several users may have the same one, even another user's identity address.
 */
export interface Contact {
  readonly id: string;
  readonly kind: ContactKind;
  /** An email address as it was entered, or a phone number in E.164. */
  readonly value: string;
  readonly label: string | null;
  /** When the mailed link was opened; phone numbers are never confirmed. */
  readonly confirmedAt: string | null;
  readonly addedAt: string;
}

/** Applies an event about a contact to a user's contacts, oldest first. */
export function evolveContacts(
  contacts: readonly Contact[],
  stored: UserEventOf<'user.contact_added' | 'user.contact_confirmed' | 'user.contact_removed'>,
): readonly Contact[] {
  const time = stored.occurredAt.toISOString();
  const { contactId } = stored.data;
  switch (stored.type) {
    case 'user.contact_added': {
      const { kind, value, label } = stored.data;
      return [...contacts, { id: contactId, kind, value, label, confirmedAt: null, addedAt: time }];
    }
    case 'user.contact_confirmed':
      return contacts.map((contact) => (contact.id === contactId ? { ...contact, confirmedAt: time } : contact));
    case 'user.contact_removed':
      return contacts.filter(({ id }) => id !== contactId);
  }
}
