import type { AuthEvent } from '../../auth/sign-in-evidence/auth-event.js';
import type { LinkPurpose } from '../../events/catalogue.js';
import type { UserEvent, UserEventOf } from '../../events/user-event.js';
import { describeOrigin } from '../../rendering/device.js';
import { subjectOf } from '../../auth/email-change/email-change-links.js';
import type { Transaction } from '../../database/transaction.js';
import { maskedAddress } from '../../users/aggregate/account-name.js';
import type { Moment, Told } from './occasion.js';
import type { OccasionFacts } from './occasion-facts.js';

type LinkDue = UserEventOf<'user.verification_token.created'>;
type EmailChangeRequest = UserEventOf<'user.email_change_requested'>;

/** Templates ask whether it is there; mails keep texts. */
const flag = (is: boolean): string | null => (is ? 'yes' : null);

export function isFor(purpose: LinkPurpose): (event: LinkDue) => boolean {
  return ({ data }) => data.purpose === purpose;
}

export function whoAskedFor(purpose: 'verify-email' | 'magic-link' | 'reset-password') {
  return async ({ event, user, facts, tx }: Moment<UserEvent>): Promise<Told<typeof purpose>> => {
    const link = await facts.link(tx, user.id, purpose);
    return {
      requestedAt: link?.requestedAt ?? event.occurredAt,
      requestedFrom: describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null),
    };
  };
}

/** By id: a name would outlive its owner's erasure here. */
export function whoInvites({ event: { actor, occurredAt } }: Moment<LinkDue>): Told<'invitation'> {
  return { requestedAt: occurredAt, invitedBy: actor.kind === 'user' ? actor.id : null };
}

export function whichContact({ event }: Moment<LinkDue>): Told<'confirm-contact'> & { contactId: string | null } {
  return { requestedAt: event.occurredAt, contactId: event.data.contactId ?? null };
}

export async function whoAsked({
  event,
  facts,
  tx,
}: Moment<EmailChangeRequest>): Promise<Told<'confirm-email-change'>> {
  return { requestedAt: event.occurredAt, requestedFrom: await whereAsked(event, facts, tx) };
}

export async function whichAddressAndWhoAsked({
  event,
  facts,
  tx,
}: Moment<EmailChangeRequest>): Promise<Told<'email-change-requested'>> {
  return {
    newEmail: maskedAddress(event.data.newEmail),
    requestedAt: event.occurredAt,
    requestedFrom: await whereAsked(event, facts, tx),
    byAdministrator: flag(!isOwn(event)),
  };
}

/** Where an admin works is nobody else's business. */
async function whereAsked(event: EmailChangeRequest, facts: OccasionFacts, tx: Transaction): Promise<string | null> {
  if (!isOwn(event)) return null;
  const link = await facts.link(tx, event.userId, 'confirm-email-change', subjectOf(event.data.newEmail));
  return describeOrigin(link?.requestedUserAgent ?? null, link?.requestedIp ?? null);
}

function isOwn({ actor, userId }: UserEvent): boolean {
  return actor.kind === 'user' && actor.id === userId;
}

export function whichAddress({ event }: Moment<UserEventOf<'user.email_changed'>>): Told<'email-changed'> {
  return { newEmail: maskedAddress(event.data.email), changedAt: event.occurredAt };
}

export async function wherePasswordChanged({ event, facts, tx }: Moment<UserEvent>): Promise<Told<'password-changed'>> {
  const { ip, userAgent } = await facts.passwordChangedFrom(tx, event.userId);
  return { changedAt: event.occurredAt, changedFrom: describeOrigin(userAgent, ip) };
}

export function whichMethod({
  event,
  facts,
}: Moment<UserEventOf<'user.authenticator_removed'>>): Told<'sign-in-method-removed'> {
  return { changedAt: event.occurredAt, methodName: facts.methodName(event.data.kind) };
}

export function whichRole({ event }: Moment<UserEventOf<'user.role_changed'>>): Told<'role-changed'> {
  const { to } = event.data;
  return { changedAt: event.occurredAt, isAdmin: flag(to === 'ADMIN'), isManager: flag(to === 'MANAGER') };
}

export function whichStatus({
  event,
}: Moment<UserEventOf<'user.professional_status_changed'>>): Told<'professional-status-changed'> {
  return { changedAt: event.occurredAt, isProfessional: flag(event.data.to) };
}

export function when({ event }: Moment<UserEvent | AuthEvent>): { changedAt: Date } {
  return { changedAt: event.occurredAt };
}

export function whoDeleted({ event }: Moment<UserEventOf<'user.deleted'>>): Told<'account-deleted'> {
  const { actor, userId, occurredAt } = event;
  return { changedAt: occurredAt, byAdministrator: flag(actor.kind === 'user' && actor.id !== userId) };
}

export function whereTried({ event: { context, occurredAt } }: Moment<AuthEvent>): Told<'session-reused'> {
  return { requestedAt: occurredAt, requestedFrom: describeOrigin(context.userAgent, context.ip) };
}

export function whereSignedIn({ event: { context, occurredAt } }: Moment<AuthEvent>): Told<'new-sign-in'> {
  return { signedInAt: occurredAt, signedInFrom: describeOrigin(context.userAgent, context.ip) };
}
