import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { subjectOf } from '../../auth/email-change/email-change-links.js';
import { UnlockLinks } from '../../auth/unlock/unlock-links.js';
import { SignInMethods } from '../../auth/sign-in-methods/sign-in-methods.js';
import { SecondFactors } from '../../auth/second-factors/second-factors.js';
import { OneTimeTokens } from '../../auth/one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../../auth/one-time-tokens/token-rows.js';
import { Identities } from '../../auth/identities/identities.js';
import { Passwords } from '../../auth/passwords/passwords.js';
import type { AuthEvent } from '../../auth/sign-in-evidence/auth-event.js';
import { providerName } from '../../config/provider-settings.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import type { UserEvent, UserEventOf } from '../../events/user-event.js';
import { describeOrigin } from '../../rendering/device.js';
import { maskedAddress } from '../../users/aggregate/account-name.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { linkTtl } from './link-ttl.js';
import type { MailTemplate, MailValues } from './mail-templates.js';

/** What the recipient and the data of a notification are found from. */
export interface NotificationContext<E> {
  readonly event: E;
  /** The user of the event, as they are inside the transaction. */
  readonly user: UserEntity;
  readonly services: NotificationServices;
  readonly tx: Transaction;
}

/** The template data that is queued with a mail. The rest is looked up when the mail leaves: see `MailContents`. */
export type QueuedData<Name extends MailTemplate> = Omit<
  MailValues[Name],
  | 'greetingName'
  | 'accountName'
  | 'link'
  | 'expiresIn'
  | 'signInUrl'
  | 'devicesUrl'
  | 'resetUrl'
  | 'keptFor'
  | 'isSuspended'
  | 'isLocked'
  | 'since'
  | 'deletedAt'
  | 'erasedAt'
  | 'erasedOn'
>;

/** What notification rules need from other modules. */
@Injectable()
export class NotificationServices {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: Passwords,
    private readonly methods: SignInMethods,
    private readonly unlockLinks: UnlockLinks,
    private readonly factors: SecondFactors,
    private readonly identities: Identities,
  ) {}

  async ownerOf(tx: Transaction, email: string | null): Promise<UserEntity | null> {
    return email === null ? null : this.users.ownerOf(tx, email);
  }

  /** Who requested the link, when and from where; undefined when it was revoked or used. */
  async findLink(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    subject = '',
  ): Promise<TokenDetails | undefined> {
    return this.tokens.ofRequest(tx, { userId, purpose, ttl: linkTtl(purpose, this.settings), subject });
  }

  async issueUnlockLink(tx: Transaction, userId: string, context: RequestContext): Promise<Date> {
    return this.unlockLinks.issue(tx, userId, context);
  }

  /** The name of the provider with which an unconfirmed user registered; null without one. */
  async providerOf(tx: Transaction, userId: string): Promise<string | null> {
    const provider = await this.identities.firstProviderOf(tx, userId);
    return provider === null ? null : providerName(this.settings, provider);
  }

  async passwordChangedFrom(tx: Transaction, userId: string): ReturnType<Passwords['changedFrom']> {
    return this.passwords.changedFrom(tx, userId);
  }

  async recoveryCodesLeft(tx: Transaction, userId: string): Promise<number> {
    return this.factors.recoveryCodesLeft(tx, userId);
  }

  /** The label under which sign-in pages offer the method. */
  methodName(kind: string): string {
    return (
      this.methods
        .all()
        .find(({ id }) => id === kind)
        ?.offer().label ?? kind
    );
  }
}

type LinkCreated = UserEventOf<'user.verification_token.created'>;
type EmailChangeRequested = UserEventOf<'user.email_change_requested'>;

/** Templates test for presence, and queued data is text. */
export const flag = (is: boolean): string | null => (is ? 'yes' : null);

export function linkRequest(purpose: 'verify-email' | 'magic-link' | 'reset-password') {
  return async ({ event, user, services, tx }: NotificationContext<UserEvent>): Promise<QueuedData<'magic-link'>> => {
    const link = await services.findLink(tx, user.id, purpose);
    return {
      requestedAt: link?.requestedAt ?? event.occurredAt,
      requestedFrom: describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null),
    };
  };
}

export async function registration(context: NotificationContext<LinkCreated>): Promise<QueuedData<'verify-email'>> {
  const { services, tx, user } = context;
  return { ...(await linkRequest('verify-email')(context)), providerName: await services.providerOf(tx, user.id) };
}

/** By id: a name would outlive the erasure of its owner here. */
export function invitation({
  event: { actor, occurredAt },
}: NotificationContext<LinkCreated>): QueuedData<'invitation'> {
  return { requestedAt: occurredAt, invitedBy: actor.kind === 'user' ? actor.id : null };
}

export function contactToConfirm({
  event,
}: NotificationContext<LinkCreated>): QueuedData<'confirm-contact'> & { contactId: string | null } {
  return { requestedAt: event.occurredAt, contactId: event.data.contactId ?? null };
}

/** For the new address. */
export async function emailChangeConfirmation({
  event,
  services,
  tx,
}: NotificationContext<EmailChangeRequested>): Promise<QueuedData<'confirm-email-change'>> {
  return { requestedAt: event.occurredAt, requestedFrom: await requestOrigin(event, services, tx) };
}

/** For the present address. */
export async function emailChangeNotice({
  event,
  services,
  tx,
}: NotificationContext<EmailChangeRequested>): Promise<QueuedData<'email-change-requested'>> {
  return {
    newEmail: maskedAddress(event.data.newEmail),
    requestedAt: event.occurredAt,
    requestedFrom: await requestOrigin(event, services, tx),
    byAdministrator: flag(!isByTheUser(event)),
  };
}

/** Null for a request by an admin: where they work is nobody else's business. */
async function requestOrigin(
  event: EmailChangeRequested,
  services: NotificationServices,
  tx: Transaction,
): Promise<string | null> {
  if (!isByTheUser(event)) return null;
  const link = await services.findLink(tx, event.userId, 'confirm-email-change', subjectOf(event.data.newEmail));
  return describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null);
}

function isByTheUser({ actor, userId }: UserEvent): boolean {
  return actor.kind === 'user' && actor.id === userId;
}

export function changedAddress({
  event,
}: NotificationContext<UserEventOf<'user.email_changed'>>): QueuedData<'email-changed'> {
  return { newEmail: maskedAddress(event.data.email), changedAt: event.occurredAt };
}

export async function passwordChange({
  event,
  services,
  tx,
}: NotificationContext<UserEvent>): Promise<QueuedData<'password-changed'>> {
  const { ip, userAgent } = await services.passwordChangedFrom(tx, event.userId);
  return { changedAt: event.occurredAt, changedFrom: describeOrigin(userAgent, ip) };
}

export function newRole({ event }: NotificationContext<UserEventOf<'user.role_changed'>>): QueuedData<'role-changed'> {
  const { to } = event.data;
  return { changedAt: event.occurredAt, isAdmin: flag(to === 'ADMIN'), isManager: flag(to === 'MANAGER') };
}

export function newProfessionalStatus({
  event,
}: NotificationContext<UserEventOf<'user.professional_status_changed'>>): QueuedData<'professional-status-changed'> {
  return { changedAt: event.occurredAt, isProfessional: flag(event.data.to) };
}

export function timeOfChange({ event }: NotificationContext<UserEvent | AuthEvent>): { changedAt: Date } {
  return { changedAt: event.occurredAt };
}

export function deletion({ event }: NotificationContext<UserEventOf<'user.deleted'>>): QueuedData<'account-deleted'> {
  const { actor, userId, occurredAt } = event;
  return { changedAt: occurredAt, byAdministrator: flag(actor.kind === 'user' && actor.id !== userId) };
}

export function attempt({
  event: { context, occurredAt },
}: NotificationContext<AuthEvent>): QueuedData<'session-reused'> {
  return { requestedAt: occurredAt, requestedFrom: describeOrigin(context.userAgent, context.ip) };
}

export function signIn({ event: { context, occurredAt } }: NotificationContext<AuthEvent>): QueuedData<'new-sign-in'> {
  return { signedInAt: occurredAt, signedInFrom: describeOrigin(context.userAgent, context.ip) };
}
