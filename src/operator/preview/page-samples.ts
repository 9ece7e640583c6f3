import { OPENID_SAMPLES } from './openid-page-samples.js';
import { ACCOUNT_SAMPLES } from './account-samples.js';
import type { PageSamples } from './preview-sample.js';
import { SIGN_IN_SAMPLES } from './sign-in-page-samples.js';

const TOKEN = `${'0123456789abcdef'.repeat(2)}.${'A-_9'.repeat(10)}xyz`;
const MOMENT = new Date('2026-01-21T09:14:00Z');
const FROM = 'Firefox (Linux), 203.0.113.5';
const EMAIL = 'ada.lovelace@example.com';
const ACCOUNT = 'Ada Lovelace (ada)';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const unrefused = { refusal: null, weakness: {} };
const common = {
  refusal: 'This password is too common. Choose another one.',
  weakness: { common: true },
} as const;
const link = { token: TOKEN, accountName: ACCOUNT, requestedAt: MOMENT, requestedFrom: FROM };
const change = { ...link, newEmail: EMAIL, email: EMAIL, minLength: 12 };
const ownChange = { ...change, currentPasswordRequired: true };
const reset = {
  token: TOKEN,
  email: EMAIL,
  minLength: 12,
  requestedAt: MOMENT,
  requestedFrom: FROM,
  isSuspended: false,
};
const CODE = 'K7RM-2QXD';
const unbound = {
  continueUrl: null,
  signInPath: '/sign-in/with-link',
  isHere: false,
  codes: [],
  hasCode: false,
  hasSeveral: false,
};
const oneCode = {
  codes: [{ code: CODE, requestedAt: MOMENT, requestedFrom: FROM, isOneOfSeveral: false }],
  hasCode: true,
};
const magic = { token: TOKEN, email: EMAIL, requestedAt: MOMENT, requestedFrom: FROM };

const done = { isSuspended: false, maySignIn: true };

const registration = { ...link, email: EMAIL, minLength: 12 };

/** Sample values of each page, by the variant that they show: every state that a link or an input can lead to. */
export const PAGE_SAMPLES: PageSamples = {
  ...SIGN_IN_SAMPLES,
  ...ACCOUNT_SAMPLES,
  ...OPENID_SAMPLES,
  'verify-email': {
    usual: { ...registration, newPasswordRequired: false, providerName: null, ...unrefused },
    'by-provider': { ...registration, newPasswordRequired: false, providerName: 'Google', ...unrefused },
    'new-password': { ...registration, newPasswordRequired: true, providerName: null, ...unrefused },
    'new-password-by-provider': { ...registration, newPasswordRequired: true, providerName: 'Google', ...unrefused },
    refused: { ...registration, newPasswordRequired: true, providerName: null, ...common },
  },
  'email-verified': {
    usual: { isSuspended: false, goOnUrl: null, signInQuery: '?identifier=ada.lovelace%40example.com' },
    'signed-in': { isSuspended: false, goOnUrl: '/account' },
    suspended: { isSuspended: true, goOnUrl: null },
  },
  'resend-sent': { usual: {} },
  'going-on': { usual: { goOnUrl: '/auth/providers/google/callback?again=yes' } },
  'provider-asked': { usual: { providerName: 'Google', goOnUrl: '/auth/providers/google/start' } },
  entry: { usual: { docsPath: '/docs' }, 'without-docs': { docsPath: null } },
  'accept-invitation': {
    usual: { token: TOKEN, email: EMAIL, minLength: 12, ...unrefused },
    refused: { token: TOKEN, email: EMAIL, minLength: 12, ...common },
  },
  'invitation-accepted': { usual: {} },
  'reset-requested': { usual: {} },
  'reset-password': {
    usual: { ...reset, ...unrefused },
    refused: { ...reset, ...common },
    suspended: { ...reset, isSuspended: true, ...unrefused },
  },
  'password-reset': { usual: { isSuspended: false }, suspended: { isSuspended: true } },
  'confirm-email-change': {
    usual: { ...ownChange, newPasswordRequired: false, wrongPassword: false, ...unrefused },
    'wrong-password': { ...ownChange, newPasswordRequired: false, wrongPassword: true, ...unrefused },
    'first-address': { ...ownChange, newPasswordRequired: true, wrongPassword: false, ...unrefused },
    'by-administrator': {
      ...change,
      requestedFrom: null,
      newPasswordRequired: true,
      currentPasswordRequired: false,
      wrongPassword: false,
      ...unrefused,
    },
  },
  'email-changed': { usual: {} },
  'confirm-contact': { usual: { token: TOKEN, address: EMAIL, requestedAt: MOMENT } },
  'contact-confirmed': { usual: {} },
  unlock: { usual: { token: TOKEN, lockedAt: MOMENT, triedFrom: FROM } },
  unlocked: { usual: {} },
  'restore-account': {
    usual: { token: TOKEN, email: EMAIL, deletedAt: MOMENT, requestedAt: MOMENT, requestedFrom: FROM },
  },
  'account-restored': { usual: {} },
  'magic-link-requested': { usual: {} },
  'magic-link': {
    code: { ...magic, ...unbound, ...oneCode },
    'several-codes': {
      ...magic,
      ...unbound,
      hasCode: true,
      hasSeveral: true,
      codes: [
        { code: CODE, requestedAt: MOMENT, requestedFrom: FROM, isOneOfSeveral: true },
        { code: 'H3WX-8PNT', requestedAt: MOMENT, requestedFrom: 'Safari (iOS), 198.51.100.23', isOneOfSeveral: true },
      ],
    },
    'same-browser': { ...magic, ...unbound, ...oneCode, isHere: true },
    'same-browser-of-an-app': { ...magic, ...unbound, ...oneCode, isHere: true, signInPath: null },
    'without-code': { ...magic, ...unbound, signInPath: null },
    button: { ...magic, ...unbound, continueUrl: `https://app.example.com/sign-in#token=${TOKEN}` },
  },
  'link-expired': {
    'with-form': {
      explanation:
        'This link is no longer valid: it was used, replaced by a newer one, or has expired. Request a new one.',
      why: { unknown: true },
      freshLinkPath: '/auth/resend-verification',
    },
    incomplete: {
      explanation: 'One field is invalid; see errors.',
      why: { incomplete: true },
      freshLinkPath: '/auth/resend-verification',
    },
    suspended: {
      explanation: 'The account is suspended: nobody can sign in to it until an administrator reinstates it.',
      why: { suspended: true },
      freshLinkPath: null,
    },
    'without-form': {
      explanation: 'This link is no longer valid: the address now belongs to another account.',
      why: { unknown: true },
      freshLinkPath: null,
    },
  },
  'already-done': {
    usual: { ...done, why: { alreadyConfirmed: true } },
    suspended: { ...done, why: { alreadyConfirmed: true }, isSuspended: true, maySignIn: false },
    contact: { ...done, why: { alreadyConfirmed: true }, maySignIn: false },
    accepted: { ...done, why: { accepted: true } },
    unlocked: { ...done, why: { unlocked: true }, maySignIn: false },
    restored: { ...done, why: { restored: true } },
  },
  error: {
    unexpected: {
      title: 'Something went wrong on our side',
      detail: `Your request was fine; the error is ours. Please report the trace id ${TRACE}.`,
      code: { internalError: true },
      traceId: TRACE,
      errors: [],
    },
    fields: {
      title: 'Validation failed',
      detail: 'One field is wrong.',
      code: { validationFailed: true },
      traceId: TRACE,
      errors: [{ path: 'email', message: 'must be an email address' }],
    },
  },
};
