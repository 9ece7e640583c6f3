import type { AuditEventType } from '../api/schema.js';
import { defineWords } from '../language/words.js';

/** What the sentence about a piece of evidence is made of. */
export interface Evidence {
  readonly method: string | null;
  readonly reason: string | null;
  /** The operation, of what was refused or done by an administrator. */
  readonly what?: string | null;
}

/** One for every type, of sign-ins and of the audit trail: a new type without a sentence does not compile. */
type Sentences = Readonly<Record<AuditEventType, (evidence: Evidence) => string>>;

type Codes = Readonly<Record<string, string>>;

/** The words for a code, in brackets; a code that the console does not know yet as it is. */
const why = (codes: Codes, reason: string | null): string => (reason === null ? '' : ` (${codes[reason] ?? reason})`);
const by = (lead: string, codes: Codes, method: string | null): string =>
  method === null ? '' : `${lead}${codes[method] ?? method}`;

const METHODS_EN: Codes = {
  password: 'password',
  'magic-link': 'a mailed link',
  passkey: 'a passkey',
  totp: 'an authenticator app',
  'recovery-code': 'a recovery code',
  'current-password': 'the current password',
};

const REFUSED_EN: Codes = {
  'wrong-proof': 'wrong password or unknown account',
  'wrong-second-factor': 'wrong second factor',
  locked: 'the account was locked',
  suspended: 'the account is suspended',
  deleted: 'the account is deleted',
  'email-not-verified': 'the address was not confirmed',
  'expired-or-used-link': 'the link had expired or been used',
};

const ENDED_EN: Codes = {
  'signed-out': 'by the person',
  'signed-out-elsewhere': 'from another device',
  'signed-out-everywhere': 'on all devices at once',
  'signed-in-again': 'by signing in again',
  'ended-by-staff': 'ended by staff',
  'too-many-sessions': 'too many sessions',
  'refresh-token-reused': 'an old token was used again',
  'password-changed': 'the password was changed',
  'password-reset': 'a new password was chosen',
  'email-changed': 'the address was changed',
  'address-proved': 'the address was confirmed',
  'factors-removed': 'the second factors were removed',
  'second-factor-required': 'the new role needs a second factor',
  suspended: 'the account was suspended',
  deleted: 'the account was deleted',
  'backup-restored': 'a backup was restored',
};

const LOCKS_EN: Codes = {
  'too-many-failures': 'known devices can still sign in',
  'known-device': 'one known device only',
  'in-session': 'one session only: the current password was wrong too often',
  'with-link': 'beside a mailed link',
  'second-factor': 'the second factor was wrong too often',
};

const UNLOCKS_EN: Codes = {
  staff: 'by staff',
  link: 'through the mailed link',
  'password-reset': 'by a new password',
  'sign-in-link': 'by a sign-in link',
};

const en: Sentences = {
  'login.succeeded': ({ method }) => `Signed in${by(' with ', METHODS_EN, method)}`,
  'login.failed': ({ method, reason }) => `Sign-in${by(' with ', METHODS_EN, method)} failed${why(REFUSED_EN, reason)}`,
  'second_factor.required': ({ method, reason }) =>
    `${reason === 'set-up' ? 'Told to set up a second factor' : 'Asked for the second factor'}${by(' after ', METHODS_EN, method)}`,
  'recovery_code.used': () => 'Recovery code used',
  'link.refused': ({ reason }) => `Link not sent${why(REFUSED_EN, reason)}`,
  'account.locked': ({ reason }) => `Locked after too many wrong attempts${why(LOCKS_EN, reason)}`,
  'account.unlocked': ({ reason }) => `Unlocked${why(UNLOCKS_EN, reason)}`,
  'session.ended': ({ reason }) => `Signed out${why(ENDED_EN, reason)}`,
  'session.reuse_detected': () => 'Signed out because a copied session was used',
  'session.stepped_up': ({ method }) => `Confirmed again${by(' with ', METHODS_EN, method)}`,
  'device.remembered': () => 'Device remembered: it is not asked for a second factor',
  'application.signed_in': () => 'Signed in to an application',
  'application.disconnected': () => 'Disconnected from an application',
  'passkey.copy_suspected': () => 'Passkey refused: it may have been copied',
  'access.denied': ({ what }) => `Access denied${by(': ', {}, what ?? null)}`,
  'access.granted': ({ what }) => `Administrative access${by(': ', {}, what ?? null)}`,
  'limit.exceeded': ({ what }) => `Rate limit exceeded${by(': ', {}, what ?? null)}`,
};

const METHODS_DE: Codes = {
  password: 'Passwort',
  'magic-link': 'zugesandtem Link',
  passkey: 'Passkey',
  totp: 'Authenticator-App',
  'recovery-code': 'Wiederherstellungscode',
  'current-password': 'aktuellem Passwort',
};

const REFUSED_DE: Codes = {
  'wrong-proof': 'falsches Passwort oder unbekanntes Konto',
  'wrong-second-factor': 'falscher zweiter Faktor',
  locked: 'das Konto war gesperrt',
  suspended: 'das Konto ist deaktiviert',
  deleted: 'das Konto ist gelöscht',
  'email-not-verified': 'die Adresse war nicht bestätigt',
  'expired-or-used-link': 'der Link war abgelaufen oder schon benutzt',
};

const ENDED_DE: Codes = {
  'signed-out': 'durch die Person',
  'signed-out-elsewhere': 'von einem anderen Gerät aus',
  'signed-out-everywhere': 'auf allen Geräten zugleich',
  'signed-in-again': 'durch erneute Anmeldung',
  'ended-by-staff': 'durch die Verwaltung',
  'too-many-sessions': 'zu viele Sitzungen',
  'refresh-token-reused': 'ein altes Token wurde noch einmal benutzt',
  'password-changed': 'das Passwort wurde geändert',
  'password-reset': 'ein neues Passwort wurde gewählt',
  'email-changed': 'die Adresse wurde geändert',
  'address-proved': 'die Adresse wurde bestätigt',
  'factors-removed': 'die zweiten Faktoren wurden entfernt',
  'second-factor-required': 'die neue Rolle verlangt einen zweiten Faktor',
  suspended: 'das Konto wurde deaktiviert',
  deleted: 'das Konto wurde gelöscht',
  'backup-restored': 'ein Backup wurde eingespielt',
};

const LOCKS_DE: Codes = {
  'too-many-failures': 'bekannte Geräte können sich weiter anmelden',
  'known-device': 'nur ein bekanntes Gerät',
  'in-session': 'nur eine Sitzung: das aktuelle Passwort war zu oft falsch',
  'with-link': 'neben einem zugesandten Link',
  'second-factor': 'der zweite Faktor war zu oft falsch',
};

const UNLOCKS_DE: Codes = {
  staff: 'durch die Verwaltung',
  link: 'über den zugesandten Link',
  'password-reset': 'durch ein neues Passwort',
  'sign-in-link': 'durch einen Anmeldelink',
};

const de: Sentences = {
  'login.succeeded': ({ method }) => `Angemeldet${by(' mit ', METHODS_DE, method)}`,
  'login.failed': ({ method, reason }) =>
    `Anmeldung${by(' mit ', METHODS_DE, method)} fehlgeschlagen${why(REFUSED_DE, reason)}`,
  'second_factor.required': ({ method, reason }) =>
    `${reason === 'set-up' ? 'Einrichtung eines zweiten Faktors verlangt' : 'Zweiter Faktor verlangt'}${by(' nach ', METHODS_DE, method)}`,
  'recovery_code.used': () => 'Wiederherstellungscode benutzt',
  'link.refused': ({ reason }) => `Link nicht gesendet${why(REFUSED_DE, reason)}`,
  'account.locked': ({ reason }) => `Nach zu vielen falschen Versuchen gesperrt${why(LOCKS_DE, reason)}`,
  'account.unlocked': ({ reason }) => `Entsperrt${why(UNLOCKS_DE, reason)}`,
  'session.ended': ({ reason }) => `Abgemeldet${why(ENDED_DE, reason)}`,
  'session.reuse_detected': () => 'Abgemeldet, weil eine kopierte Sitzung benutzt wurde',
  'session.stepped_up': ({ method }) => `Erneut bestätigt${by(' mit ', METHODS_DE, method)}`,
  'device.remembered': () => 'Gerät gemerkt: Der zweite Faktor wird dort nicht abgefragt',
  'application.signed_in': () => 'Bei einer Anwendung angemeldet',
  'application.disconnected': () => 'Von einer Anwendung getrennt',
  'passkey.copy_suspected': () => 'Passkey abgelehnt: Er wurde vielleicht kopiert',
  'access.denied': ({ what }) => `Zugriff verweigert${by(': ', {}, what ?? null)}`,
  'access.granted': ({ what }) => `Zugriff der Verwaltung${by(': ', {}, what ?? null)}`,
  'limit.exceeded': ({ what }) => `Anfragegrenze überschritten${by(': ', {}, what ?? null)}`,
};

export const signInWords = defineWords({ en, de });
