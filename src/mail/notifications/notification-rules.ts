import type { AuthEvent, AuthEventType } from '../../auth/sign-in-evidence/auth-event.js';
import type { LinkPurpose, UserEventType } from '../../events/catalogue.js';
import type { UserEventOf } from '../../events/user-event.js';
import type { QueuedTemplate } from '../delivery/mail-queue.js';
import * as to from './recipients.js';
import * as factors from './factor-data.js';
import * as data from './template-data.js';
import type { NotificationContext, QueuedData } from './template-data.js';

export type NotificationEventType = UserEventType | AuthEventType;
type EventOf<T extends NotificationEventType> = T extends UserEventType ? UserEventOf<T> : AuthEvent;

interface RuleParts<T extends NotificationEventType, Name extends QueuedTemplate> {
  /** Limits the rule to some events of the type. */
  readonly when?: (event: EventOf<T>) => boolean;
  /** Nothing is sent where there is no recipient, or the recipient has no address. */
  readonly to: to.RecipientOf<EventOf<T>>;
  /** The most of these mails in 24 hours: an attack on an account must not fill its owner's mailbox as well. */
  readonly maxPerDay?: number;
  /** Issues the link of the mail, where nothing has issued it before. */
  readonly issueLink?: (context: NotificationContext<EventOf<T>>) => Promise<unknown>;
  /** The template data that is known now and queued with the mail. */
  readonly data: (context: NotificationContext<EventOf<T>>) => QueuedData<Name> | Promise<QueuedData<Name>>;
}

/** An event, the mail that it causes, its recipient, and its template data. */
export interface NotificationRule extends RuleParts<never, never> {
  readonly event: NotificationEventType;
  readonly mail: QueuedTemplate;
}

/** One rule, its parts checked against the event and the mail. */
function rule<T extends NotificationEventType, Name extends QueuedTemplate>(
  event: T,
  mail: Name,
  parts: RuleParts<T, Name>,
): NotificationRule {
  return { event, mail, ...parts } as unknown as NotificationRule;
}

function hasPurpose(purpose: LinkPurpose): (event: UserEventOf<'user.verification_token.created'>) => boolean {
  return (event) => event.data.purpose === purpose;
}

/** Which event causes which mail, to whom, with which data. Mails about a user start here, except `webhook-disabled`
 * (`NotificationHandler`); `TemplateChoice` and `MailContents` may replace the template when the mail is sent. */
export const NOTIFICATION_RULES: readonly NotificationRule[] = [
  // Links. A registration does the same work whether its address is free or taken.
  rule('user.verification_token.created', 'verify-email', {
    when: hasPurpose('verify-email'),
    to: to.claimantOfFreeAddress,
    data: data.registration,
  }),
  rule('user.verification_token.created', 'already-registered', {
    when: hasPurpose('verify-email'),
    to: to.ownerOfAddress,
    data: data.linkRequest('verify-email'),
  }),
  rule('user.verification_token.created', 'invitation', {
    when: hasPurpose('invitation'),
    to: to.accountAddress,
    data: data.invitation,
  }),
  rule('user.verification_token.created', 'magic-link', {
    when: hasPurpose('magic-link'),
    to: to.accountAddress,
    data: data.linkRequest('magic-link'),
  }),
  rule('user.verification_token.created', 'confirm-contact', {
    when: hasPurpose('confirm-contact'),
    to: to.waitingContactAddress,
    data: data.contactToConfirm,
  }),
  rule('user.password_reset.requested', 'reset-password', {
    to: to.accountAddress,
    data: data.linkRequest('reset-password'),
  }),

  // Changes to how the user signs in: those made by somebody else must not go unseen (ASVS 5.0 V6.3.7).
  rule('user.password_changed', 'password-changed', { to: to.confirmedUser, data: data.passwordChange }),
  rule('user.password_reset.completed', 'password-changed', { to: to.confirmedUser, data: data.passwordChange }),
  rule('user.authenticator_added', 'factor-added', {
    // A first password comes with a mail of its own.
    when: ({ data: { kind } }) => kind !== 'password',
    to: to.confirmedUser,
    data: factors.addedFactor,
  }),
  rule('user.authenticator_removed', 'sign-in-method-removed', {
    to: to.confirmedUser,
    data: factors.removedSignInMethod,
  }),
  rule('user.email_change_requested', 'confirm-email-change', {
    to: to.newAddress,
    data: data.emailChangeConfirmation,
  }),
  rule('user.email_change_requested', 'email-change-requested', {
    to: to.confirmedUser,
    data: data.emailChangeNotice,
  }),
  rule('user.email_changed', 'email-changed', { to: to.previousAddress, data: data.changedAddress }),

  // What staff do to the account. Who did it, and the reason of a suspension, are for staff alone.
  rule('user.role_changed', 'role-changed', { to: to.confirmedUser, data: data.newRole }),
  rule('user.professional_status_changed', 'professional-status-changed', {
    to: to.confirmedUser,
    data: data.newProfessionalStatus,
  }),
  rule('user.suspended', 'account-suspended', { to: to.confirmedUser, data: data.timeOfChange }),
  rule('user.reinstated', 'account-reinstated', { to: to.confirmedUser, data: data.timeOfChange }),
  rule('user.deleted', 'account-deleted', { to: to.confirmedUser, data: data.deletion }),
  rule('user.restored', 'account-restored', { to: to.confirmedUser, data: data.timeOfChange }),

  // Signing in.
  rule('account.locked', 'account-locked', {
    // A lock of a known device, or of a session, affects only its holder. Guesses beside a link count for the account too, and that
    // lock is the one that is mailed.
    when: ({ reason }) => !['known-device', 'in-session', 'with-link', 'second-factor'].includes(reason ?? ''),
    to: to.activeUser,
    maxPerDay: 3,
    issueLink: ({ event, user, services, tx }) => services.issueUnlockLink(tx, user.id, event.context),
    data: data.attempt,
  }),
  rule('account.locked', 'second-factor-locked', {
    when: ({ reason }) => reason === 'second-factor',
    to: to.activeUser,
    maxPerDay: 3,
    data: data.attempt,
  }),
  rule('recovery_code.used', 'recovery-code-used', { to: to.activeUser, data: factors.usedRecoveryCode }),
  rule('account.unlocked', 'account-unlocked', {
    // Users who opened the link, or chose another password, know it already.
    when: ({ reason }) => reason === 'staff',
    to: to.activeUser,
    data: data.timeOfChange,
  }),
  rule('login.succeeded', 'new-sign-in', {
    when: ({ isNewDevice }) => isNewDevice === true,
    to: to.activeUser,
    maxPerDay: 3,
    data: data.signIn,
  }),
  // `TemplateChoice` decides which mail about the account leaves.
  rule('link.refused', 'account-unavailable', { to: to.accountAddress, data: data.attempt }),
  rule('session.reuse_detected', 'session-reused', { to: to.activeUser, maxPerDay: 3, data: data.attempt }),
  rule('device.remembered', 'device-remembered', { to: to.activeUser, maxPerDay: 3, data: data.signIn }),
  rule('passkey.copy_suspected', 'passkey-refused', { to: to.activeUser, maxPerDay: 3, data: data.attempt }),
];
