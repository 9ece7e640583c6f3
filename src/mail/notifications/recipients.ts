import type { UserEventOf } from '../../events/user-event.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { waitingContact } from '../../users/aggregate/decide-contacts.js';
import type { NotificationContext } from './template-data.js';

export interface Recipient {
  /** The user to whom the mail belongs: it is listed with them, and erased with them. */
  readonly id: string;
  readonly email: string | null;
}

export type RecipientOf<E> = (context: NotificationContext<E>) => Recipient | null | Promise<Recipient | null>;
type LinkCreated = UserEventOf<'user.verification_token.created'>;

/** The address of the account, proved or not. */
export const accountAddress: RecipientOf<unknown> = ({ user }) => user;

/** Not while the address waits to be proved: it may be a stranger's, and the account is none of their business. */
export const confirmedUser: RecipientOf<unknown> = ({ user }) => (user.pending ? null : user);

/** A user who can sign in. */
export const activeUser: RecipientOf<unknown> = ({ user }) =>
  user.pending || user.deletedAt !== null || user.suspendedAt !== null ? null : user;

/** The person who registers, unless the address is taken. */
export const claimantOfFreeAddress: RecipientOf<LinkCreated> = async (context) =>
  (await ownerOfTheirs(context)) ? null : context.user;

/** The user who owns the address with which somebody registers. */
export const ownerOfAddress: RecipientOf<LinkCreated> = async (context) => ownerOfTheirs(context);

/** The contact itself, which need not be the user's own. */
export const waitingContactAddress: RecipientOf<LinkCreated> = ({ user, event }) => {
  const waiting = waitingContact(user, event.data.contactId ?? '');
  return waiting ? { id: user.id, email: waiting.value } : null;
};

export const newAddress: RecipientOf<UserEventOf<'user.email_change_requested'>> = ({ event }) => ({
  id: event.userId,
  email: event.data.newEmail,
});

export const previousAddress: RecipientOf<UserEventOf<'user.email_changed'>> = ({ event }) => ({
  id: event.userId,
  email: event.data.previousEmail,
});

/** By the user of an event: what is asked for the mail to one is asked for the mail to the other. */
const owners = new WeakMap<UserEntity, Promise<UserEntity | null>>();

async function ownerOfTheirs({ user, services, tx }: NotificationContext<unknown>): Promise<UserEntity | null> {
  const owner = owners.get(user) ?? services.ownerOf(tx, user.email);
  owners.set(user, owner);
  return owner;
}
