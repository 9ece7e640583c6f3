import type { UserEventOf } from '../../events/user-event.js';
import { waitingContact } from '../../users/aggregate/decide-contacts.js';
import type { Moment, Recipient } from './occasion.js';

type To<E> = (moment: Moment<E>) => Recipient | null | Promise<Recipient | null>;
type LinkDue = UserEventOf<'user.verification_token.created'>;

/** Whoever reads the mails to the address, proved or not. */
export const address: To<unknown> = ({ user }) => user;

/** Not while the address waits to be proved: a stranger's it may be, and none of their business. */
export const user: To<unknown> = ({ user }) => (user.pending ? null : user);

export const whoMaySignIn: To<unknown> = ({ user }) =>
  user.pending || user.deletedAt !== null || user.suspendedAt !== null ? null : user;

/** Whoever registers, unless somebody has the address. */
export const claimantOfFreeAddress: To<LinkDue> = async ({ user, facts, tx }) =>
  (await facts.ownerOf(tx, user.email)) ? null : user;

/** Who has the address under which somebody registers. */
export const ownerOfAddress: To<LinkDue> = async ({ user, facts, tx }) => facts.ownerOf(tx, user.email);

/** The contact itself, which need not be the user's own. */
export const contact: To<LinkDue> = ({ user, event }) => {
  const waiting = waitingContact(user, event.data.contactId ?? '');
  return waiting ? { id: user.id, email: waiting.value } : null;
};

export const newAddress: To<UserEventOf<'user.email_change_requested'>> = ({ event }) => ({
  id: event.userId,
  email: event.data.newEmail,
});

export const oldAddress: To<UserEventOf<'user.email_changed'>> = ({ event }) => ({
  id: event.userId,
  email: event.data.previousEmail,
});
