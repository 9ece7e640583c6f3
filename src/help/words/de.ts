import type { FactValues } from '../facts.js';
import { DE_NAMES } from './de-names.js';
import type { Reader, Words } from './words.js';

const by = (name: string | null): string => (name === null ? '' : ` von ${name}`);
const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
const times = (number: number): string => (number === 1 ? 'einmal' : `${number}-mal`);
const from = (addresses: readonly string[], reader: Reader): string =>
  addresses.length === 0 ? '' : ` von ${reader.list(addresses)}`;
const said = (answer: string | null): string => (answer === null ? '' : `: ${answer}`);

/** An answer of the server begins with its code (RFC 5321, 4.2). */
const refused = (reason: string | null): string =>
  /^[45]\d\d\b/.test(reason ?? '') ? `; der Mailserver hat sie abgelehnt${said(reason)}` : said(reason);

const locked =
  (what: string) =>
  ({ until, failures, from: addresses }: FactValues['locked'], reader: Reader): string =>
    `${what} bis ${reader.time(until)}, nach ${count(failures, 'Fehlversuch', 'Fehlversuchen')}${from(addresses, reader)}.`;

const ENDS: Readonly<Record<FactValues['erased']['reason'], string>> = {
  admin: 'durch die Verwaltung',
  retention: 'die Frist, für die gelöschte Konten aufbewahrt werden, war abgelaufen',
  'claim-lost': 'jemand anders hat die Adresse bestätigt',
  'claim-expired': 'niemand hat die Adresse rechtzeitig bestätigt',
};

const REFUSALS: Readonly<Record<string, string>> = {
  'wrong-proof': 'Passwort, Code oder Link war falsch',
  locked: 'das Konto war gesperrt',
  suspended: 'das Konto war deaktiviert',
  deleted: 'das Konto war gelöscht',
  'email-not-verified': 'das Passwort war richtig, aber die Adresse nicht bestätigt',
  'expired-or-used-link': 'der Link war schon benutzt oder abgelaufen',
};
const METHODS: Readonly<Record<string, string>> = {
  password: 'einem Passwort',
  'magic-link': 'einem Link per Mail',
  passkey: 'einem Passkey',
};

export const DE: Words = {
  ...DE_NAMES,
  facts: {
    erased: ({ reason, by: name }) =>
      `Endgültig gelöscht${by(name)}: ${ENDS[reason]}. Von der Person ist nichts mehr da; Adresse und Benutzername sind wieder frei.`,
    deleted: ({ by: name, bySelf, erasedOn, mayReturn }, reader) =>
      `Gelöscht${bySelf ? ' von der Person selbst' : by(name)}; endgültig gelöscht wird am ${reader.time(erasedOn)}. ` +
      (mayReturn
        ? 'Wer sich anmeldet, bekommt einen Link, der das Konto zurückholt; auch ein ADMIN kann es wiederherstellen.'
        : 'Nur ein ADMIN kann es wiederherstellen.'),
    suspended: ({ by: name, reason }) =>
      `Deaktiviert${by(name)}${said(reason)}. Niemand kann sich anmelden, bis ein MANAGER oder ADMIN das Konto wieder aktiviert.`.replace(
        /\.\.(?= )/,
        '.',
      ),
    'never-confirmed': ({ removedOn }, reader) =>
      `Registriert, aber die Adresse wurde nie bestätigt; deshalb kann sich niemand anmelden. Die Registrierung wird nach dem ${reader.time(removedOn)} entfernt.`,
    'address-taken': () =>
      'Die Adresse gehört einem anderen Konto, dessen Inhaber per Mail von dieser Registrierung erfahren hat. Solange das so ist, kann die Registrierung nicht bestätigt werden.',
    'newer-registration': ({ registrations, newest }, reader) =>
      `${count(registrations, 'Registrierung wartet', 'Registrierungen warten')} auf diese Adresse; eine neuere vom ${reader.time(newest)} geht dieser vor. Wer einen Link öffnet, muss ein neues Passwort wählen.`,
    'link-good': ({ until }, reader) => `Der Link in der Bestätigungsmail gilt bis ${reader.time(until)}.`,
    'link-over': () =>
      'Der Link in der Bestätigungsmail gilt nicht mehr. Senden Sie die Mail erneut: Sie bringt einen neuen Link.',
    'invitation-open': ({ until }, reader) =>
      `Eingeladen, aber die Einladung wurde nicht angenommen: Es gibt noch kein Passwort. Der Link gilt bis ${reader.time(until)}.`,
    'invitation-over': () =>
      'Eingeladen, aber die Einladung wurde nicht angenommen, und ihr Link gilt nicht mehr. Senden Sie die Einladung erneut: Sie bringt einen neuen Link.',
    'no-way-in': () =>
      'Das Konto hat keine Möglichkeit zur Anmeldung: kein Passwort, keinen Passkey und keine bestätigte Adresse.',
    'no-password': ({ methods, names }, reader) =>
      `Das Konto hat kein Passwort; es meldet sich mit ${reader.list(methods.map((id) => METHODS[id] ?? names[id] ?? id))} an.`,
    'no-own-address': () =>
      'Das Konto teilt seine Adresse mit einem anderen und hat keinen Benutzernamen; deshalb gibt es nichts, womit man sich anmelden könnte. Geben Sie ihm eine andere Adresse oder einen Benutzernamen.',
    'second-factor-missing': ({ role }) =>
      `Die Rolle ${role} verlangt einen zweiten Faktor, und keiner ist eingerichtet: Die nächste Anmeldung verlangt, einen einzurichten, und gelingt vorher nicht.`,
    'staff-only': () => 'Anmeldungen, Mails und Verlauf von MANAGER und ADMIN sieht nur ein ADMIN.',
    locked: locked('Gesperrt'),
    'known-devices-free': () =>
      'Geräte, auf denen sich die Person schon angemeldet hat, werden getrennt gezählt und sind nicht betroffen.',
    'known-device-locked': locked(
      'Ein Gerät, auf dem sich die Person schon angemeldet hat, oder eine Sitzung ist gesperrt',
    ),
    'second-step-locked': locked('Der zweite Schritt ist auf neuen Geräten gesperrt'),
    'second-step-known-locked': locked('Der zweite Schritt ist auf bekannten Geräten und in Sitzungen gesperrt'),
    'link-check-locked': locked('Prüfungen des Passworts mit einem Link aus einer Mail sind gesperrt'),
    'registration-locked': locked('Anmeldungen mit diesem Namen sind gesperrt, soweit es um Registrierungen geht'),
    'failures-counted': ({ failures, threshold, from: addresses }, reader) =>
      `Nicht gesperrt: ${count(failures, 'Fehlversuch', 'Fehlversuche')}${from(addresses, reader)} seit der letzten Anmeldung; ${threshold} sperren das Konto.`,
    'second-factor-pending': ({ times: number }) =>
      `Der erste Schritt gelang seit der letzten Anmeldung ${times(number)}, aber der zweite Faktor fehlte.`,
    'sign-in-failed': ({ reason, failures, from: addresses }, reader) =>
      `Hat ${times(failures)}${from(addresses, reader)} versucht, sich anzumelden, und wurde abgelehnt: ${REFUSALS[reason] ?? reason}.`,
    'rate-limited': ({ until }, reader) =>
      `Zu viele Anmeldungen mit diesem Namen in einer Minute: Weitere werden bis ${reader.time(until)} abgelehnt.`,
    'client-limited': ({ from: address, until }, reader) =>
      `Zu viele Anmeldungen von ${address} in einer Minute, gleich mit welchen Konten: Weitere von dort werden bis ${reader.time(until)} abgelehnt.`,
    'signed-in': () => 'Zuletzt angemeldet.',
    'never-signed-in': () => 'Hat sich noch nie angemeldet.',
    'nothing-in-the-way': () =>
      'In Roster steht der Anmeldung nichts im Weg. Wenn sie trotzdem scheitert, fragen Sie nach der genauen Meldung und Uhrzeit und fügen Sie die Trace-ID der Antwort ein.',
    'mail-sent': ({ template, to, answer }) =>
      `${DE_NAMES.mails[template]} an ${to}: vom Mailserver angenommen${answer === null ? '' : ` (${answer})`}. Was danach geschieht, etwa ein Spam-Ordner oder ein volles Postfach, ist hier nicht bekannt.`,
    'mail-waiting': ({ template, to, reason, attempts, nextAttempt }, reader) =>
      `${DE_NAMES.mails[template]} an ${to}: wartet noch${attempts === 0 ? '' : ` nach ${count(attempts, 'Versuch', 'Versuchen')}`}${said(reason)}. Der nächste Versuch folgt am ${reader.time(nextAttempt)}.`,
    'mail-failed': ({ template, to, reason, attempts }) =>
      `${DE_NAMES.mails[template]} an ${to}: nach ${count(attempts, 'Versuch', 'Versuchen')} nicht zugestellt${refused(reason)}.`,
    'mail-not-needed': ({ template, to }) =>
      `${DE_NAMES.mails[template]} an ${to}: nicht gesendet, weil sie nicht mehr gebraucht wurde: Ihr Link war benutzt, zurückgezogen, ersetzt oder abgelaufen.`,
    'mails-used-up': ({ until }, reader) =>
      `Für diese Adresse wurden an einem Tag so viele Mails angefordert, dass bis ${reader.time(until)} keine weitere gesendet wird. Anmeldelinks und das Zurücksetzen des Passworts haben ein eigenes Kontingent.`,
    'message-unknown': () =>
      'Keine Mail mit dieser Kennung, die Sie sehen dürfen. Mails werden nur eine begrenzte Zeit aufbewahrt.',
    'address-unknown': ({ sees }) =>
      sees === 'all'
        ? 'Die Adresse gehört niemandem: Kein Konto hat sie, und keine Registrierung wartet auf sie. Jeder kann sich mit ihr registrieren. Wurde ein Konto mit ihr endgültig gelöscht, ist davon nichts mehr da.'
        : 'Kein Konto, das Sie sehen dürfen, hat diese Adresse, und keine Registrierung wartet auf sie.',
    'address-of-contact': ({ name, confirmed }) =>
      `Ein weiterer ${confirmed ? '' : 'unbestätigter '}Kontakt von ${name ?? 'einem Benutzer'}. Mit einem Kontakt kann sich niemand anmelden.`,
    'id-unknown': ({ sees }) =>
      sees === 'all'
        ? 'Kein Benutzer und keine Mail hat diese Kennung.'
        : 'Kein Benutzer und keine Mail, die Sie sehen dürfen, hat diese Kennung.',
    'phone-unknown': () =>
      'Kein Konto, das Sie sehen dürfen, hat diese Telefonnummer. Mit einer Telefonnummer kann sich niemand anmelden.',
    'phone-shared': ({ name }) =>
      `Die Telefonnummer von ${name ?? 'einem Benutzer'}. Mit einer Telefonnummer kann sich niemand anmelden.`,
    'word-unknown': () => 'Kein Konto, das Sie sehen dürfen, hat diesen Benutzernamen, und nichts hat diese Trace-ID.',
    registrations: ({ registrations, newest }, reader) =>
      `${count(registrations, 'unbestätigte Registrierung wartet', 'unbestätigte Registrierungen warten')} auf diese Adresse, die neueste vom ${reader.time(newest)}.`,
    'trace-unknown': () =>
      'Nichts, was Sie sehen dürfen, hat diese Trace-ID. Eine Anfrage, die nichts geändert, nichts gesendet und niemanden abgelehnt hat, hinterlässt nur Zeilen im Log.',
    'trace-change': ({ type, name, by: actor }) => `${DE_NAMES.changes[type]}: ${name ?? 'ein Benutzer'}${by(actor)}.`,
    'trace-sign-in': ({ type, name, reason, from: address }) =>
      `${DE_NAMES.signIns[type]}: ${name ?? 'kein bekanntes Konto'}${address === null ? '' : `, von ${address}`}${reason === null ? '' : ` (${REFUSALS[reason] ?? reason})`}.`,
  },
};
