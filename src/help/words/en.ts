import type { FactValues } from '../facts.js';
import { EN_NAMES } from './en-names.js';
import type { Reader, Words } from './words.js';

const by = (name: string | null): string => (name === null ? '' : ` by ${name}`);
const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
const times = (number: number): string => (number === 1 ? 'once' : number === 2 ? 'twice' : `${number} times`);
const from = (addresses: readonly string[], reader: Reader): string =>
  addresses.length === 0 ? '' : ` from ${reader.list(addresses)}`;
const said = (answer: string | null): string => (answer === null ? '' : `: ${answer}`);

/** An answer of the server begins with its code (RFC 5321, 4.2). */
const refused = (reason: string | null): string =>
  /^[45]\d\d\b/.test(reason ?? '') ? `; the mail server refused it${said(reason)}` : said(reason);

const locked =
  (what: string) =>
  ({ until, failures, from: addresses }: FactValues['locked'], reader: Reader): string =>
    `${what} until ${reader.time(until)}, after ${count(failures, 'wrong attempt', 'wrong attempts')}${from(addresses, reader)}.`;

const ENDS: Readonly<Record<FactValues['erased']['reason'], string>> = {
  admin: 'an administrator did it',
  retention: 'the time for which deleted accounts are kept was over',
  'claim-lost': 'somebody else confirmed the address',
  'claim-expired': 'nobody confirmed the address in time',
};

const REFUSALS: Readonly<Record<string, string>> = {
  'wrong-proof': 'the password, code or link was wrong',
  locked: 'the account was locked',
  suspended: 'the account was suspended',
  deleted: 'the account was deleted',
  'email-not-verified': 'the password was right, but the address was not confirmed',
  'expired-or-used-link': 'the link was used before or had expired',
};
const METHODS: Readonly<Record<string, string>> = {
  password: 'a password',
  'magic-link': 'a link by mail',
  passkey: 'a passkey',
};

export const EN: Words = {
  ...EN_NAMES,
  facts: {
    erased: ({ reason, by: name }) =>
      `Erased${by(name)}: ${ENDS[reason]}. Nothing about the person is left; the address and the username are free again.`,
    deleted: ({ by: name, bySelf, erasedOn, mayReturn }, reader) =>
      `Deleted${bySelf ? ' by the person' : by(name)}, and erased on ${reader.time(erasedOn)}. ` +
      (mayReturn
        ? 'A sign-in sends the person a link that brings the account back; an ADMIN can restore it too.'
        : 'Only an ADMIN can restore it.'),
    suspended: ({ by: name, reason }) =>
      `Suspended${by(name)}${said(reason)}. Sign-in is refused until a MANAGER or an ADMIN reinstates the account.`.replace(
        /\.\.(?= )/,
        '.',
      ),
    'never-confirmed': ({ removedOn }, reader) =>
      `Registered, but the address was never confirmed, so nobody can sign in. The registration is removed after ${reader.time(removedOn)}.`,
    'address-taken': () =>
      'The address belongs to another account, whose owner was told of this registration by mail. The registration cannot be confirmed while that account has the address.',
    'newer-registration': ({ registrations, newest }, reader) =>
      `${count(registrations, 'registration waits', 'registrations wait')} for this address; a newer one of ${reader.time(newest)} supersedes this one. Who opens a link has to choose a new password.`,
    'link-good': ({ until }, reader) => `The link in the confirmation mail is good until ${reader.time(until)}.`,
    'link-over': () =>
      'The link in the confirmation mail is no longer good. Send the mail again: it brings a fresh link.',
    'invitation-open': ({ until }, reader) =>
      `Invited, but the invitation was not accepted: there is no password yet. Its link is good until ${reader.time(until)}.`,
    'invitation-over': () =>
      'Invited, but the invitation was not accepted, and its link is no longer good. Send the invitation again: it brings a fresh link.',
    'no-way-in': () => 'The account has no way to sign in: no password, no passkey and no confirmed address.',
    'no-password': ({ methods, names }, reader) =>
      `The account has no password; it signs in with ${reader.list(methods.map((id) => METHODS[id] ?? names[id] ?? id))}.`,
    'no-own-address': () =>
      'The account shares its address with another one and has no username, so there is nothing to sign in with. Give it another address or a username.',
    'second-factor-missing': ({ role }) =>
      `The role ${role} takes a second factor, and none is set up: the next sign-in asks to set one up, and does not succeed before.`,
    'staff-only': () => 'Sign-ins, mails and history of a MANAGER or an ADMIN are shown to an ADMIN only.',
    locked: locked('Locked'),
    'known-devices-free': () => 'Devices on which the person has signed in before are counted apart and not affected.',
    'known-device-locked': locked('One device on which the person has signed in before, or one session, is locked'),
    'second-step-locked': locked('The second step is locked on new devices'),
    'second-step-known-locked': locked('The second step is locked on known devices and in sessions'),
    'link-check-locked': locked('Checks of the password with a mailed link are locked'),
    'registration-locked': locked('Sign-ins with this name are locked as far as registrations are concerned'),
    'failures-counted': ({ failures, threshold, from: addresses }, reader) =>
      `Not locked: ${count(failures, 'wrong attempt', 'wrong attempts')}${from(addresses, reader)} since the last sign-in; ${threshold} lock the account.`,
    'second-factor-pending': ({ times: number }) =>
      `The first step succeeded ${times(number)} since the last sign-in, but the second factor was not given.`,
    'sign-in-failed': ({ reason, failures, from: addresses }, reader) =>
      `Tried to sign in ${times(failures)}${from(addresses, reader)} and was refused: ${REFUSALS[reason] ?? reason}.`,
    'rate-limited': ({ until }, reader) =>
      `Too many sign-ins with this name within a minute: further ones are refused until ${reader.time(until)}.`,
    'client-limited': ({ from: address, until }, reader) =>
      `Too many sign-ins from ${address} within a minute, whatever the accounts: further ones from there are refused until ${reader.time(until)}.`,
    'signed-in': () => 'Signed in last.',
    'never-signed-in': () => 'Has never signed in.',
    'nothing-in-the-way': () =>
      'Nothing in Roster keeps the person from signing in. If it still fails, ask for the exact message and time, and paste the trace id of the answer.',
    'mail-sent': ({ template, to, answer }) =>
      `${EN_NAMES.mails[template]} to ${to}: accepted by the mail server${answer === null ? '' : ` (${answer})`}. What happens after that, such as a spam folder or a full mailbox, is not known here.`,
    'mail-waiting': ({ template, to, reason, attempts, nextAttempt }, reader) =>
      `${EN_NAMES.mails[template]} to ${to}: still waiting${attempts === 0 ? '' : ` after ${count(attempts, 'attempt', 'attempts')}`}${said(reason)}. The next attempt is due at ${reader.time(nextAttempt)}.`,
    'mail-failed': ({ template, to, reason, attempts }) =>
      `${EN_NAMES.mails[template]} to ${to}: not delivered after ${count(attempts, 'attempt', 'attempts')}${refused(reason)}.`,
    'mail-not-needed': ({ template, to }) =>
      `${EN_NAMES.mails[template]} to ${to}: not sent, because it was no longer needed: its link had been used, withdrawn or replaced, or had expired.`,
    'mails-used-up': ({ until }, reader) =>
      `So many mails were requested for this address within a day that no further one is sent until ${reader.time(until)}. Sign-in links and password resets have an allowance of their own.`,
    'message-unknown': () => 'No mail with this id that you may see. Mails are kept for a limited time only.',
    'address-unknown': ({ sees }) =>
      sees === 'all'
        ? 'The address belongs to nobody: no account has it, and no registration waits for it. Anybody can register with it. If an account with it was erased, nothing of it is left.'
        : 'No account that you may see has this address, and no registration waits for it.',
    'address-of-contact': ({ name, confirmed }) =>
      `A further ${confirmed ? '' : 'unconfirmed '}contact of ${name ?? 'a user'}. Nobody can sign in with a contact.`,
    'id-unknown': ({ sees }) =>
      sees === 'all' ? 'No user and no mail has this id.' : 'No user and no mail that you may see has this id.',
    'phone-unknown': () => 'No account that you may see has this phone number. Nobody can sign in with a phone number.',
    'phone-shared': ({ name }) => `The phone number of ${name ?? 'a user'}. Nobody can sign in with a phone number.`,
    'word-unknown': () => 'No account that you may see has this username, and nothing has this trace id.',
    registrations: ({ registrations, newest }, reader) =>
      `${count(registrations, 'unconfirmed registration waits', 'unconfirmed registrations wait')} for this address, the newest of ${reader.time(newest)}.`,
    'trace-unknown': () =>
      'Nothing that you may see has this trace id. A request that changed nothing, sent nothing and refused nobody leaves no more than lines in the log.',
    'trace-change': ({ type, name, by: actor }) => `${EN_NAMES.changes[type]}: ${name ?? 'a user'}${by(actor)}.`,
    'trace-sign-in': ({ type, name, reason, from: address }) =>
      `${EN_NAMES.signIns[type]}: ${name ?? 'no known account'}${address === null ? '' : `, from ${address}`}${reason === null ? '' : ` (${REFUSALS[reason] ?? reason})`}.`,
  },
};
