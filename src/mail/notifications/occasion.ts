import type { AuthEvent, AuthEventType } from '../../auth/sign-in-evidence/auth-event.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEventType } from '../../events/catalogue.js';
import type { UserEventOf } from '../../events/user-event.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { QueuedTemplate } from '../delivery/mail-queue.js';
import type { MailTemplate, MailValues } from './mail-templates.js';
import type { OccasionFacts } from './occasion-facts.js';

export type OccasionEventType = UserEventType | AuthEventType;
type EventOf<T extends OccasionEventType> = T extends UserEventType ? UserEventOf<T> : AuthEvent;

/** What is known when it is asked to whom a mail goes, and what it tells. */
export interface Moment<E> {
  readonly event: E;
  /** Whom the event is about, as they are inside the transaction. */
  readonly user: UserEntity;
  readonly facts: OccasionFacts;
  readonly tx: Transaction;
}

export interface Recipient {
  /** Whose mail it is: listed with them, and erased with them. */
  readonly id: string;
  readonly email: string | null;
}

/** What is written down with a mail; the rest is looked up when it leaves. */
export type Told<Name extends MailTemplate> = Omit<
  MailValues[Name],
  | 'greetingName'
  | 'accountName'
  | 'link'
  | 'expiresIn'
  | 'signInUrl'
  | 'keptFor'
  | 'isSuspended'
  | 'isLocked'
  | 'since'
  | 'deletedAt'
  | 'erasedAt'
  | 'erasedOn'
>;

interface Row<T extends OccasionEventType, Name extends QueuedTemplate> {
  /** Of the events of this type those alone. */
  readonly when?: (event: EventOf<T>) => boolean;
  /** To nobody when there is no address. */
  readonly to: (moment: Moment<EventOf<T>>) => Recipient | null | Promise<Recipient | null>;
  /** So many of these mails in 24 hours, for whoever attacks somebody must not fill their mailbox as well. */
  readonly aDay?: number;
  /** Makes the link that the mail will have, where nobody has yet. */
  readonly link?: (moment: Moment<EventOf<T>>) => Promise<unknown>;
  readonly tells: (moment: Moment<EventOf<T>>) => Told<Name> | Promise<Told<Name>>;
}

/** An event, the mail that it is an occasion for, to whom it goes, and what it tells. */
export interface Occasion extends Row<never, never> {
  readonly event: OccasionEventType;
  readonly mail: QueuedTemplate;
}

/** A row of the list, its parts checked against the event and the mail. */
export function on<T extends OccasionEventType, Name extends QueuedTemplate>(
  event: T,
  mail: Name,
  row: Row<T, Name>,
): Occasion {
  return { event, mail, ...row } as unknown as Occasion;
}
