import '../../hosted-pages/hosted-pages.module.js';
import { PROVIDER_PROBLEMS } from '../../auth/providers/provider-errors.js';
import { camelCase, type FormState, UNTOUCHED } from '../../http/pages/form-state.js';
import { Duration } from '../../rendering/formats.js';
import type { PageSamples } from './preview-sample.js';
import { PROVIDERS } from './sample-values.js';

const EMAIL = 'ada.lovelace@example.com';
const CONTINUE = 'https://app.example.com/';

const refused = (code: string, invalid: Readonly<Record<string, string>> = {}): FormState => ({
  hasProblem: true,
  problem: { [code]: true },
  detail: 'What the API says of it.',
  invalid,
  retryAfter: null,
});

const signIn = {
  identifier: EMAIL,
  keepSignedIn: true,
  continueTo: CONTINUE,
  signUpUrl: '/sign-up',
  forgotPasswordUrl: '/forgot-password',
  byPasskey: false,
  unconfirmed: null,
  startQuery: '?continue=https%3A%2F%2Fapp.example.com%2F',
  providerProblem: null,
};
/** Every problem of a provider. */
const providerProblems = Object.fromEntries(
  PROVIDER_PROBLEMS.map((one) => [
    `provider-${one}`,
    { ...signIn, ...UNTOUCHED, providerProblem: { name: 'Google', is: { [camelCase(one)]: true as const } } },
  ]),
);
const signUp = {
  email: EMAIL,
  minLength: 12,
  refusal: null,
  weakness: {},
  username: 'ada',
  firstName: 'Ada',
  lastName: 'Lovelace',
  nickname: 'Countess',
  moreIsOpen: true,
  continueTo: CONTINUE,
  signInHref: '/sign-in',
  startQuery: '',
};
const secondFactor = {
  method: 'totp',
  isTotp: true,
  isRecoveryCode: false,
  totpUrl: null,
  recoveryCodeUrl: '/sign-in/second-factor?with=recovery-code',
  hasPasskey: false,
  ticket: `${'0123456789abcdef'.repeat(2)}.${'A-_9'.repeat(10)}xyz`,
  keepSignedIn: true,
  rememberDevice: false,
  rememberedFor: new Duration(30 * 24 * 3_600_000),
  continueTo: CONTINUE,
  againUrl: '/sign-in',
} as const;
const recoveryCode = {
  method: 'recovery-code',
  isTotp: false,
  isRecoveryCode: true,
  totpUrl: '/sign-in/second-factor?with=totp',
  recoveryCodeUrl: null,
} as const;
const forgot = { email: EMAIL, continueTo: CONTINUE, signInHref: '/sign-in' };

const authenticator = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Roster:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Roster',
  qr: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21"><path d="M0 0h7v7H0zM14 0h7v7h-7zM0 14h7v7H0zM9 2h3v3H9zM9 9h3v3H9zM15 10h4v2h-4zM10 15h2v5h-2zM15 15h3v3h-3z"/></svg>',
};
const setUp = {
  hasSetup: false,
  setup: null,
  codes: [],
  keepSignedIn: false,
  continueTo: CONTINUE,
  goOnUrl: '/sign-in/complete',
} as const;

/** Of the pages before somebody is signed in. */
export const SIGN_IN_SAMPLES: PageSamples<
  | 'sign-in'
  | 'second-factor'
  | 'sign-in-set-up'
  | 'sign-in-expired'
  | 'sign-in-link-sent'
  | 'signed-in'
  | 'cookies-refused'
  | 'console-refused'
  | 'sign-up'
  | 'sign-up-sent'
  | 'forgot-password'
> = {
  'sign-in': {
    usual: { ...signIn, identifier: null, keepSignedIn: false, continueTo: null, ...UNTOUCHED },
    wrong: { ...signIn, ...refused('invalidCredentials') },
    unconfirmed: { ...signIn, unconfirmed: EMAIL, ...refused('emailNotVerified') },
    'too-many': { ...signIn, ...refused('tooManyRequests') },
    busy: { ...signIn, ...refused('busy') },
    'cross-site': { ...signIn, ...refused('crossSiteRequest') },
    empty: { ...signIn, ...refused('validationFailed', { identifier: 'is missing', password: 'is missing' }) },
    'passkey-refused': { ...signIn, byPasskey: true, ...refused('invalidCredentials') },
    'by-provider': { ...signIn, providers: PROVIDERS, ...UNTOUCHED },
    ...providerProblems,
    'no-address': { ...signIn, identifier: 'ada', ...refused('validationFailed', { email: 'is no address' }) },
  },
  'second-factor': {
    usual: { ...secondFactor, ...UNTOUCHED },
    'wrong-code': { ...secondFactor, ...refused('wrongSecondFactor') },
    'too-many': { ...secondFactor, ...refused('tooManyRequests') },
    'recovery-code': { ...secondFactor, ...recoveryCode, ...UNTOUCHED },
    passkey: { ...secondFactor, method: null, isTotp: false, hasPasskey: true, ...UNTOUCHED },
  },
  'sign-in-set-up': {
    usual: { ...setUp, ...UNTOUCHED },
    app: { ...setUp, hasSetup: true, setup: authenticator, ...UNTOUCHED },
    'wrong-code': { ...setUp, hasSetup: true, setup: authenticator, ...refused('wrongSecondFactor') },
    codes: { ...setUp, codes: ['k3q7x-9w2mn', '0d4fh-tz8vc'], ...UNTOUCHED },
  },
  'sign-in-expired': { usual: { againUrl: '/sign-in' } },
  'sign-in-link-sent': {
    usual: { takesCode: true, againUrl: '/sign-in', ...UNTOUCHED },
    'wrong-code': { takesCode: true, againUrl: '/sign-in', ...refused('invalidCode') },
    'without-code': { takesCode: false, againUrl: '/sign-in', ...UNTOUCHED },
  },
  'signed-in': {
    usual: { name: 'Ada Lovelace', email: EMAIL, goOnUrl: '/account', anotherUrl: '/sign-in?another=yes' },
  },
  'cookies-refused': { usual: { againUrl: '/sign-in' } },
  'console-refused': {
    usual: { anotherUrl: '/sign-in?another=yes&continue=%2Fconsole' },
    'without-ours': { anotherUrl: null },
  },
  'sign-up': {
    usual: {
      ...signUp,
      email: null,
      username: null,
      firstName: null,
      lastName: null,
      nickname: null,
      moreIsOpen: false,
      ...UNTOUCHED,
    },
    weak: {
      ...signUp,
      moreIsOpen: false,
      refusal: 'This password is too common. Choose another one.',
      weakness: { common: true },
      ...refused('weakPassword', { password: 'is too common' }),
    },
    taken: { ...signUp, ...refused('usernameTaken') },
    invalid: {
      ...signUp,
      ...refused('validationFailed', {
        email: 'bad',
        username: 'bad',
        firstName: 'bad',
        lastName: 'bad',
        nickname: 'bad',
      }),
    },
    refused: { ...signUp, ...refused('refusedByHandler') },
  },
  'sign-up-sent': {
    usual: { email: EMAIL, waitSeconds: 60, ...UNTOUCHED },
    unknown: { email: null, waitSeconds: 60, ...UNTOUCHED },
  },
  'forgot-password': {
    usual: { ...forgot, email: null, ...UNTOUCHED },
    invalid: { ...forgot, ...refused('validationFailed', { email: 'must be an email address' }) },
  },
};
