import { Duration } from '../../rendering/formats.js';
import type { MailTemplate, MailValues } from '../../mail/notifications/mail-templates.js';

const HOUR = 3_600_000;
const MOMENT = new Date('2026-01-21T09:14:00Z');
const ERASED = new Date('2026-02-20T09:14:00Z');
const LINK = `https://accounts.example.com/auth/verify-email?token=${'A-_9'.repeat(22)}`;

const greetingName = 'Ada';
const accountName = 'Ada Lovelace (ada)';
const requestedFrom = 'Firefox (Linux), 203.0.113.5';
const link = { greetingName, link: LINK, expiresIn: new Duration(24 * HOUR), requestedAt: MOMENT };
const asked = { greetingName, requestedAt: MOMENT, requestedFrom };
const changed = { greetingName, changedAt: MOMENT };
const resetUrl = 'https://accounts.example.com/forgot-password';
const method = {
  resetUrl,
  isPassword: null,
  isTotp: null,
  isPasskey: null,
  isRecoveryCodes: null,
  isPlain: null,
  methodName: '',
  label: null,
};
const used = { greetingName, resetUrl, usedAt: MOMENT, usedFrom: requestedFrom };
const webhook = { webhook: 'https://crm.example.com/hooks/roster', failingSince: MOMENT, disabledAt: MOMENT };

/** Sample values of each mail, by the variant that they show. */
export const MAIL_SAMPLES: { readonly [Name in MailTemplate]: Readonly<Record<string, MailValues[Name]>> } = {
  'verify-email': {
    usual: { ...link, ...asked, accountName, providerName: null },
    'by-provider': { ...link, ...asked, accountName, providerName: 'Google' },
  },
  'already-registered': {
    usual: { ...asked, signInUrl: 'https://accounts.example.com', isLocked: null },
    locked: { ...asked, signInUrl: 'https://accounts.example.com', isLocked: 'yes' },
  },
  'restore-account': { usual: { ...link, ...asked, deletedAt: MOMENT, erasedAt: ERASED } },
  'account-unavailable': {
    suspended: { ...asked, since: MOMENT, erasedOn: null },
    deleted: { ...asked, since: MOMENT, erasedOn: ERASED },
  },
  invitation: {
    'by-name': { ...link, expiresIn: new Duration(168 * HOUR), invitedBy: 'Grace Hopper' },
    nameless: { ...link, greetingName: null, expiresIn: new Duration(168 * HOUR), invitedBy: null },
  },
  'reset-password': {
    usual: { ...link, ...asked, expiresIn: new Duration(HOUR / 2), isSuspended: null },
    suspended: { ...link, ...asked, expiresIn: new Duration(HOUR / 2), isSuspended: 'yes' },
  },
  'magic-link': { usual: { ...link, ...asked, expiresIn: new Duration(HOUR / 4) } },
  'confirm-contact': { usual: link },
  'password-changed': { usual: { ...changed, resetUrl, changedFrom: requestedFrom } },
  'sign-in-method-removed': {
    other: {
      ...changed,
      ...method,
      isPlain: 'yes',
      methodName: 'Google',
      label: 'ada@example.com',
      byAdministrator: null,
    },
    password: { ...changed, ...method, isPassword: 'yes', byAdministrator: null },
    app: { ...changed, ...method, isTotp: 'yes', byAdministrator: null },
    // A new password would not help, so this one has no link.
    'passkey-by-administrator': {
      ...changed,
      ...method,
      resetUrl: '',
      isPasskey: 'yes',
      label: 'Laptop',
      byAdministrator: 'yes',
    },
    codes: { ...changed, ...method, isRecoveryCodes: 'yes', byAdministrator: null },
  },
  'factor-added': {
    other: { ...changed, ...method, isPlain: 'yes', methodName: 'Google', label: 'ada@example.com' },
    app: { ...changed, ...method, isTotp: 'yes' },
    passkey: { ...changed, ...method, isPasskey: 'yes', label: 'Laptop' },
    codes: { ...changed, ...method, isRecoveryCodes: 'yes' },
  },
  'recovery-code-used': {
    usual: { ...used, codesLeft: '9', isLow: null, isNone: null },
    few: { ...used, codesLeft: '2', isLow: 'yes', isNone: null },
    last: { ...used, codesLeft: '0', isLow: 'yes', isNone: 'yes' },
  },
  'second-factor-locked': { usual: { ...asked, resetUrl } },
  'confirm-email-change': { usual: { ...link, ...asked, accountName } },
  'email-change-taken': {
    usual: { greetingName, requestedAt: MOMENT, isDeleted: null, isSuspended: null },
    deleted: { greetingName, requestedAt: MOMENT, isDeleted: 'yes', isSuspended: null },
    suspended: { greetingName, requestedAt: MOMENT, isDeleted: null, isSuspended: 'yes' },
  },
  'email-change-requested': {
    usual: { ...asked, resetUrl, newEmail: 'c…@example.com', byAdministrator: null },
    'by-administrator': { ...asked, resetUrl, requestedFrom: null, newEmail: 'c…@example.com', byAdministrator: 'yes' },
  },
  'email-changed': { usual: { ...changed, newEmail: 'c…@example.com' } },
  'account-locked': { usual: { ...link, ...asked } },
  'account-unlocked': { usual: { ...changed, resetUrl } },
  'new-sign-in': {
    usual: {
      greetingName,
      signedInAt: MOMENT,
      signedInFrom: requestedFrom,
      devicesUrl: 'https://accounts.example.com/account/devices',
      resetUrl,
    },
  },
  'device-remembered': { usual: { greetingName, resetUrl, signedInAt: MOMENT, signedInFrom: requestedFrom } },
  'session-reused': { usual: asked },
  'passkey-refused': { usual: asked },
  'account-suspended': { usual: changed },
  'account-reinstated': { usual: changed },
  'role-changed': {
    user: { ...changed, isAdmin: null, isManager: null },
    manager: { ...changed, isAdmin: null, isManager: 'yes' },
    administrator: { ...changed, isAdmin: 'yes', isManager: null },
  },
  'professional-status-changed': {
    professional: { ...changed, isProfessional: 'yes' },
    'not-professional': { ...changed, isProfessional: null },
  },
  'account-deleted': {
    'by-administrator': { ...changed, byAdministrator: 'yes', keptFor: new Duration(720 * HOUR) },
    'by-oneself': { ...changed, byAdministrator: null, keptFor: new Duration(720 * HOUR) },
  },
  'account-restored': {
    usual: { ...changed, isSuspended: null },
    suspended: { ...changed, isSuspended: 'yes' },
  },
  'webhook-disabled': {
    failing: { greetingName, ...webhook, gone: null, lastError: 'no answer within 10 s' },
    gone: { greetingName, ...webhook, gone: 'yes', lastError: 'answered 410' },
  },
};
