import { on, type Occasion } from './occasion.js';
import * as tell from './occasion-tells.js';
import * as to from './occasion-recipients.js';

const { isFor } = tell;

/** Every occasion for a mail: the event, the mail, to whom it goes, and what it tells. */
export const OCCASIONS: readonly Occasion[] = [
  // Links. A registration makes the same work whether its address is free or taken.
  on('user.verification_token.created', 'verify-email', {
    when: isFor('verify-email'),
    to: to.claimantOfFreeAddress,
    tells: tell.whoAskedFor('verify-email'),
  }),
  on('user.verification_token.created', 'already-registered', {
    when: isFor('verify-email'),
    to: to.ownerOfAddress,
    tells: tell.whoAskedFor('verify-email'),
  }),
  on('user.verification_token.created', 'invitation', {
    when: isFor('invitation'),
    to: to.address,
    tells: tell.whoInvites,
  }),
  on('user.verification_token.created', 'magic-link', {
    when: isFor('magic-link'),
    to: to.address,
    tells: tell.whoAskedFor('magic-link'),
  }),
  on('user.verification_token.created', 'confirm-contact', {
    when: isFor('confirm-contact'),
    to: to.contact,
    tells: tell.whichContact,
  }),
  on('user.password_reset.requested', 'reset-password', { to: to.address, tells: tell.whoAskedFor('reset-password') }),

  // How they sign in: what somebody else does to it must not go unseen (ASVS 5.0 V6.3.7).
  on('user.password_changed', 'password-changed', { to: to.user, tells: tell.wherePasswordChanged }),
  on('user.password_reset.completed', 'password-changed', { to: to.user, tells: tell.wherePasswordChanged }),
  on('user.authenticator_removed', 'sign-in-method-removed', { to: to.user, tells: tell.whichMethod }),
  on('user.email_change_requested', 'confirm-email-change', { to: to.newAddress, tells: tell.whoAsked }),
  on('user.email_change_requested', 'email-change-requested', { to: to.user, tells: tell.whichAddressAndWhoAsked }),
  on('user.email_changed', 'email-changed', { to: to.oldAddress, tells: tell.whichAddress }),

  // What others do with their account. Who did it, and the reason of a suspension, are for colleagues.
  on('user.role_changed', 'role-changed', { to: to.user, tells: tell.whichRole }),
  on('user.professional_status_changed', 'professional-status-changed', { to: to.user, tells: tell.whichStatus }),
  on('user.suspended', 'account-suspended', { to: to.user, tells: tell.when }),
  on('user.reinstated', 'account-reinstated', { to: to.user, tells: tell.when }),
  on('user.deleted', 'account-deleted', { to: to.user, tells: tell.whoDeleted }),
  on('user.restored', 'account-restored', { to: to.user, tells: tell.when }),

  // Signing in.
  on('account.locked', 'account-locked', {
    // A device that the user knows, or a session, was locked by whoever holds it, and locks nobody else. Guesses beside a link count for
    // the account too, and that is what is mailed.
    when: ({ reason }) => !['known-device', 'in-session', 'with-link'].includes(reason ?? ''),
    to: to.whoMaySignIn,
    aDay: 3,
    link: ({ event, user, facts, tx }) => facts.issueUnlockLink(tx, user.id, event.context),
    tells: tell.whereTried,
  }),
  on('account.unlocked', 'account-unlocked', {
    // Whoever opened the link, or chose another password, has seen it.
    when: ({ reason }) => reason === 'staff',
    to: to.whoMaySignIn,
    tells: tell.when,
  }),
  on('login.succeeded', 'new-sign-in', {
    when: ({ isNewDevice }) => isNewDevice === true,
    to: to.whoMaySignIn,
    aDay: 3,
    tells: tell.whereSignedIn,
  }),
  // Which of the mails about it, is found out when it leaves.
  on('link.refused', 'account-unavailable', { to: to.address, tells: tell.whereTried }),
  on('session.reuse_detected', 'session-reused', { to: to.whoMaySignIn, aDay: 3, tells: tell.whereTried }),
];
