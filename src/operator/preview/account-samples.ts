import { at, below } from '../../hosted-pages/account/account-frame.js';
import { UNTOUCHED } from '../../http/pages/form-state.js';
import type { PageValues } from '../../http/pages/page-values.js';
import { Duration } from '../../rendering/formats.js';
import { SECURITY_SAMPLES } from './account-security-samples.js';
import { EARLIER, EMAIL, invalid, MOMENT, problem } from './sample-values.js';

const DAY = 86_400_000;
const WORK = 'ada@work.example.com';

type AccountPage = Extract<keyof PageValues, `account-${string}` | 'account'>;
// A page behind a link that restores a deleted account.
type Samples = {
  readonly [Name in Exclude<AccountPage, 'account-restored'>]: Readonly<Record<string, PageValues[Name]>>;
};

const overview = {
  ...UNTOUCHED,
  ...at('overview'),
  name: 'Ada Lovelace',
  email: EMAIL,
  emailVerified: true,
  username: 'ada',
  role: {},
  joinedAt: EARLIER,
  codesLeft: 10,
  todo: { any: false, secondFactor: false, noCodes: false, fewCodes: false, contacts: [] },
};

const form = {
  firstName: 'Ada',
  lastName: 'Lovelace',
  nickname: null,
  bio: 'Wrote the first program.',
  pictureUrl: null,
  locale: 'en-GB',
  phone: '+442079460958',
  githubUrl: 'https://github.com/ada',
  linkedinUrl: null,
};
const profile = {
  ...UNTOUCHED,
  ...at('profile'),
  version: 7,
  form,
  saved: {},
  username: 'ada',
  entered: { newUsername: 'ada' },
};

const contacts = [
  { id: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00', value: WORK, label: 'Work', waiting: true },
  { id: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f01', value: '+442079460958', label: null, waiting: false },
];
const entered = { newEmail: null, isPhone: false, value: null, label: null };
const addresses = {
  ...UNTOUCHED,
  ...at('addresses'),
  email: EMAIL,
  emailVerified: true,
  changePossible: true,
  contacts,
  mayAdd: true,
  entered,
};

const session = { createdAt: EARLIER, lastUsedAt: MOMENT, isCurrent: false };
const here = { ...session, id: 'a', device: 'Firefox (Linux)', ip: '203.0.113.5', isCurrent: true };
const applications = {
  ...UNTOUCHED,
  ...at('applications'),
  applications: [
    {
      id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
      name: 'Grafana',
      wants: { profile: true, email: true, roles: true } as const,
      resources: ['https://billing.example.com'],
      since: EARLIER,
    },
    { id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6072', name: 'Wiki', wants: {}, resources: [], since: EARLIER },
  ],
};
const devices = {
  ...UNTOUCHED,
  ...at('devices'),
  sessions: [
    here,
    { ...session, id: 'b', device: 'Safari (iOS)', ip: '2001:db8:85a3:8d3:1319:8a2e:370:7348' },
    { ...session, id: 'c', device: null, ip: null },
  ],
  others: true,
  remembered: [{ id: 'd', device: 'Chrome (Android)', ip: '203.0.113.9', expiresAt: MOMENT }],
};

const signIn = {
  method: {},
  reason: {},
  type: 'login.succeeded',
  times: 1,
  many: false,
  origin: 'Firefox (Linux), 203.0.113.5',
  at: MOMENT,
};
const pages = { any: true, newer: null, older: '/account/activity?cursor=WzEsIi1jcmVhdGVkQXQiXQ' };
const mail = { state: { sent: true }, recipient: EMAIL, at: MOMENT } as const;

/** Sample values of the pages of a signed-in person, by the variant that they show. */
export const ACCOUNT_SAMPLES: Samples = {
  ...SECURITY_SAMPLES,
  account: {
    usual: overview,
    'to-do': {
      ...overview,
      name: 'Grace Hopper',
      username: null,
      role: { any: true, admin: true },
      todo: { ...overview.todo, any: true, secondFactor: true, contacts: contacts.slice(0, 1) },
    },
    'few-codes': { ...overview, codesLeft: 2, todo: { ...overview.todo, any: true, fewCodes: true } },
    'no-codes': { ...overview, codesLeft: 0, todo: { ...overview.todo, any: true, noCodes: true } },
  },
  'account-profile': {
    usual: profile,
    invalid: { ...profile, ...invalid('githubUrl'), form: { ...form, githubUrl: 'github.com/ada' } },
    conflict: {
      ...profile,
      ...problem('preconditionFailed'),
      saved: { firstName: { value: 'Augusta' }, bio: { value: null } },
    },
    'username-taken': { ...profile, ...problem('usernameTaken'), entered: { newUsername: 'countess' } },
  },
  'account-addresses': {
    usual: addresses,
    empty: { ...addresses, contacts: [] },
    'wrong-password': { ...addresses, ...invalid('currentPassword'), entered: { ...entered, newEmail: WORK } },
    'without-password': { ...addresses, emailVerified: false, changePossible: false, mayAdd: false },
  },
  'account-devices': { usual: devices, 'only-this': { ...devices, sessions: [here], others: false, remembered: [] } },
  'account-applications': {
    usual: applications,
    empty: { ...applications, applications: [] },
  },
  'account-activity': {
    usual: {
      ...UNTOUCHED,
      ...at('activity'),
      signIns: [
        { ...signIn, what: { loginSucceeded: true }, method: { password: true } },
        { ...signIn, what: { loginFailed: true }, times: 3, many: true },
        { ...signIn, what: { sessionEnded: true }, reason: { signedOut: true } },
        { ...signIn, what: { accountUnlocked: true }, origin: null },
      ],
      pages,
    },
    empty: { ...UNTOUCHED, ...at('activity'), signIns: [], pages: { any: false, newer: null, older: null } },
  },
  'account-mails': {
    usual: {
      ...UNTOUCHED,
      ...below('activity'),
      mails: [
        { ...mail, what: { newSignIn: true }, template: 'new-sign-in' },
        {
          ...mail,
          what: { confirmContact: true },
          template: 'confirm-contact',
          recipient: WORK,
          state: { failed: true },
        },
        { ...mail, what: { passwordChanged: true }, template: 'password-changed', state: { queued: true } },
      ],
      pages,
    },
  },
  'account-data': {
    usual: { ...UNTOUCHED, ...at('data'), keptFor: new Duration(30 * DAY), mayReturn: true },
    'not-sure': { ...invalid('sure'), ...at('data'), keptFor: new Duration(30 * DAY), mayReturn: true },
    'last-admin': { ...problem('lastAdmin'), ...at('data'), keptFor: new Duration(30 * DAY), mayReturn: false },
  },
  'account-deletion-done': { usual: { keptFor: new Duration(30 * DAY) } },
};
