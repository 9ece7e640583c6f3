import type { ContactKind } from '../../events/catalogue.js';
import type { UserEventOf } from '../../events/user-event.js';

/**
 * A further email address or phone number of a user. Times are RFC 3339 in UTC, as they lie in the row. Nobody signs in by a
 * contact, and none is claimed: several users may have the same one, be it somebody's identity address or not.
 */
export interface Contact {
  readonly id: string;
  readonly kind: ContactKind;
  /** An address as it was given, or a number in E.164. */
  readonly value: string;
  readonly label: string | null;
  /** When the link in the mail was opened; a phone number is never confirmed. */
  readonly confirmedAt: string | null;
  readonly addedAt: string;
}

/** What an event about a contact makes of a user's contacts, the oldest first. */
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
