import { renderSVG } from 'uqr';
import { at, below } from '../../hosted-pages/account/account-frame.js';
import { UNTOUCHED } from '../../http/pages/form-state.js';
import type { PageValues } from '../../http/pages/page-values.js';
import { EARLIER, EMAIL, invalid, MOMENT, problem, PROVIDERS } from './sample-values.js';

const password = {
  ...UNTOUCHED,
  ...below('security'),
  email: EMAIL,
  minLength: 12,
  refusal: null,
  weakness: {},
  hasPassword: true,
};

const used = { addedAt: EARLIER, lastUsedAt: MOMENT };
const passkey = { ...used, id: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f02', name: 'Work laptop' };
const security = {
  ...UNTOUCHED,
  ...at('security'),
  password: { addedAt: EARLIER, removable: true },
  has: { password: true, magicLink: true, totp: true, factor: true, providers: true },
  identities: PROVIDERS.slice(0, 2).map((one) => ({ ...one, ...used, account: EMAIL, removable: true })),
  linkable: PROVIDERS.slice(2),
  providerProblem: null,
  otherMethods: [],
  passkeys: [passkey, { ...passkey, id: 'b', name: 'Phone', lastUsedAt: null }],
  totp: used,
  codesLeft: 9,
};
const setup = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Roster:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Roster',
};
const authenticator = {
  ...UNTOUCHED,
  ...below('security'),
  setup: { ...setup, qr: renderSVG(setup.uri, { border: 2, pixelSize: 6 }) },
};
const codes = ['k3q7x-9w2mn', '0d4fh-tz8vc', '5gj2r-wm1xk', 'p8n6s-3hq0t', 'z7c4b-v9f2d'];

const confirm = { ...UNTOUCHED, ways: {}, failed: {}, account: EMAIL, continue: '/account/security' };

type Samples = {
  readonly [Name in SecurityPage]: Readonly<Record<string, PageValues[Name]>>;
};
type SecurityPage =
  | 'account-security'
  | 'account-passkey'
  | 'account-authenticator'
  | 'account-recovery-codes'
  | 'account-confirm'
  | 'account-password';

/** Sample values of the pages about sign-in and security, by the variant that they show. */
export const SECURITY_SAMPLES: Samples = {
  'account-security': {
    usual: security,
    'link-refused': { ...security, providerProblem: { name: 'Google', is: { taken: true } } },
    'nothing-yet': {
      ...security,
      has: { password: false, magicLink: true, totp: false, factor: false, providers: false },
      identities: [],
      linkable: [],
      password: null,
      passkeys: [],
      totp: null,
      codesLeft: 0,
    },
    'last-method': {
      ...security,
      ...problem('signInMethodStays'),
      password: { addedAt: EARLIER, removable: false },
      has: { ...security.has, magicLink: false },
      otherMethods: [{ id: 'badge', label: 'Company badge', removable: true }],
    },
  },
  'account-passkey': {
    usual: { ...UNTOUCHED, ...below('security'), id: passkey.id, entered: { name: passkey.name } },
    invalid: { ...invalid('name'), ...below('security'), id: passkey.id, entered: { name: '' } },
  },
  'account-authenticator': {
    usual: authenticator,
    'wrong-code': { ...authenticator, ...problem('wrongSecondFactor') },
  },
  'account-recovery-codes': {
    usual: {
      ...UNTOUCHED,
      ...below('security'),
      codes: [...codes, ...codes.map((code) => code.split('').reverse().join(''))],
      file: 'recovery-codes.txt',
      download: `data:text/plain;charset=utf-8,${encodeURIComponent(codes.join('\r\n'))}`,
    },
  },
  'account-confirm': {
    password: { ...confirm, ways: { password: true } },
    'wrong-password': {
      ...confirm,
      ...problem('stepUpFailed'),
      ways: { password: true },
      failed: { password: true },
    },
    factor: { ...confirm, ways: { totp: true, passkey: true, recoveryCode: true } },
    'wrong-code': {
      ...confirm,
      ...problem('stepUpFailed'),
      ways: { totp: true, recoveryCode: true },
      failed: { recoveryCode: true },
    },
    'by-link-alone': { ...confirm, ways: { none: true } },
  },
  'account-password': {
    usual: password,
    refused: {
      ...password,
      ...invalid('newPassword'),
      refusal: 'This password is too common. Choose another one.',
      weakness: { common: true },
    },
    'wrong-password': { ...password, ...invalid('currentPassword') },
    none: { ...password, hasPassword: false },
  },
};
