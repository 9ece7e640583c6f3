// Deciders for contacts: pure functions from (state, command) to events, as in `decide.ts`.
import { type ContactKind, event, type NewUserEvent } from '../../events/catalogue.js';
import type { Contact } from './contact.js';
import { refuseDeleted } from './decide.js';
import { addressKey } from './identifiers.js';
import type { UserState } from './user.js';
import { ContactExists, ContactNotFound, NothingToConfirm, TooManyContacts } from './user-errors.js';

export const MAX_CONTACTS = 20;

export interface NewContact {
  readonly id: string;
  readonly kind: ContactKind;
  readonly value: string;
  readonly label: string | null;
}

/**
 * Other users may have the same contact, or use it as their identity address: a contact is a way to reach the person and grants
 * nothing.
 * @throws ContactExists, TooManyContacts; UserNotFound when deleted
 */
export function addContact(state: UserState, { id, kind, value, label }: NewContact): NewUserEvent[] {
  refuseDeleted(state);
  if (state.contacts.some((contact) => contact.kind === kind && addressKey(contact.value) === addressKey(value))) {
    throw new ContactExists();
  }
  if (state.contacts.length >= MAX_CONTACTS) throw new TooManyContacts();
  return [event('user.contact_added', { contactId: id, kind, value, label })];
}

/** @throws ContactNotFound, also when repeated; UserNotFound */
export function removeContact(state: UserState, contactId: string): NewUserEvent[] {
  refuseDeleted(state);
  const { kind } = contactOf(state, contactId);
  return [event('user.contact_removed', { contactId, kind })];
}

/** A link to confirm this contact is due. @throws NothingToConfirm */
export function requestContactConfirmation(state: UserState, contactId: string, expiresAt: Date): NewUserEvent[] {
  if (!waitingContact(state, contactId)) throw new NothingToConfirm();
  const purpose = 'confirm-contact';
  return [event('user.verification_token.created', { purpose, expiresAt: expiresAt.toISOString(), contactId })];
}

/**
 * Confirms only that the reader of that mailbox wants to be reached there: the identity address, its ownership and the sign-in
 * methods stay unchanged.
 * @throws NothingToConfirm
 */
export function confirmContact(state: UserState, contactId: string): NewUserEvent[] {
  const contact = waitingContact(state, contactId);
  if (!contact) throw new NothingToConfirm();
  return [event('user.contact_confirmed', { contactId, kind: contact.kind })];
}

type Owner = Pick<UserState, 'contacts' | 'suspendedAt' | 'deletedAt'>;

/** The address waiting for confirmation; undefined while its user is suspended or deleted. */
export function waitingContact({ contacts, suspendedAt, deletedAt }: Owner, contactId: string): Contact | undefined {
  if (suspendedAt !== null || deletedAt !== null) return undefined;
  return contacts.find(({ id, kind, confirmedAt }) => id === contactId && kind === 'email' && confirmedAt === null);
}

/** @throws ContactNotFound */
export function contactOf({ contacts }: Pick<UserState, 'contacts'>, contactId: string): Contact {
  const contact = contacts.find(({ id }) => id === contactId);
  if (!contact) throw new ContactNotFound();
  return contact;
}
