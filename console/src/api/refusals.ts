import { defineWords } from '../language/words.js';
import type { Language } from '../language/words.js';
import { ApiProblem, Unreachable } from './api-problem.js';
import type { ProblemCode } from './schema.js';

const words = defineWords({
  en: {
    notAllowed: (why: string) => `Not allowed. ${why}`,
    changedMeanwhile: (why: string) => `Changed meanwhile. ${why}`,
    unreachable: 'The server does not answer, so it is not known whether this was done. Look before you repeat it.',
    seconds: (count: number) => ` Try again in ${count} ${count === 1 ? 'second' : 'seconds'}.`,
    unexpected: (status: number) => `The server answered with an error (${status}). Try again in a moment.`,
    script: 'The console failed at this. Reload the page and try again.',
    trace: (id: string) => ` Trace id ${id}.`,
  },
  de: {
    notAllowed: (why) => `Nicht erlaubt. ${why}`,
    changedMeanwhile: (why) => `Inzwischen geändert. ${why}`,
    unreachable:
      'Der Server antwortet nicht. Ob es geschehen ist, ist deshalb nicht bekannt: Sehen Sie nach, bevor Sie es wiederholen.',
    seconds: (count) => ` Versuchen Sie es in ${count} ${count === 1 ? 'Sekunde' : 'Sekunden'} noch einmal.`,
    unexpected: (status) =>
      `Der Server hat mit einem Fehler geantwortet (${status}). Versuchen Sie es gleich noch einmal.`,
    script: 'Die Konsole ist dabei gescheitert. Laden Sie die Seite neu und versuchen Sie es noch einmal.',
    trace: (id) => ` Trace-ID ${id}.`,
  },
});

/** The API says in English what is wrong; in German the console does. What is not here is said in English there, too. */
const GERMAN: Readonly<Partial<Record<ProblemCode, string>>> = {
  forbidden: 'Ihre Rolle erlaubt das nicht.',
  'cross-site-request': 'Die Anfrage kam nicht von einer unserer Seiten.',
  'validation-failed': 'Bitte prüfen Sie die Eingaben.',
  'nothing-to-update': 'Es gibt nichts zu ändern.',
  'email-unchanged': 'Das ist bereits die E-Mail-Adresse.',
  'username-unchanged': 'Das ist bereits der Benutzername.',
  'weak-password': 'Dieses Passwort ist zu schwach.',
  'not-authenticated': 'Sie sind nicht mehr angemeldet.',
  'step-up-required': 'Dazu müssen Sie noch einmal nachweisen, dass Sie es sind.',
  'step-up-failed':
    'Das ist falsch oder wurde schon verwendet. Nach mehreren Versuchen hilft es, eine Minute zu warten.',
  'not-found': 'Das gibt es nicht oder nicht mehr.',
  'username-taken': 'Dieser Benutzername ist vergeben.',
  'email-taken': 'Diese E-Mail-Adresse gehört bereits zu einem Konto.',
  'contact-exists': 'Diesen Eintrag gibt es bereits.',
  'too-many-contacts': 'Mehr Einträge sind nicht möglich. Entfernen Sie zuerst einen.',
  'too-many-webhooks': 'Mehr Webhooks sind nicht möglich. Entfernen Sie zuerst einen.',
  'too-many-imports': 'Fünf Importe warten schon. Versuchen Sie es wieder, sobald einer begonnen hat.',
  'webhook-disabled': 'Dieser Webhook ist abgeschaltet.',
  'client-has-no-secret': 'Diese Anwendung hat kein Geheimnis.',
  'second-factor-stays': 'Der zweite Faktor ist vorgeschrieben und bleibt deshalb bestehen.',
  'sign-in-method-stays': 'Das ist die einzige Anmeldemethode, deshalb bleibt sie bestehen.',
  'no-second-factor': 'Für dieses Konto ist kein zweiter Faktor eingerichtet.',
  'mail-not-needed': 'Diese E-Mail wird nicht mehr gebraucht.',
  'last-admin':
    'Das ist die letzte Person mit der Rolle ADMIN, die sich anmelden kann. Geben Sie diese Rolle zuerst jemand anderem.',
  'version-conflict': 'Das wurde gerade an anderer Stelle geändert. Versuchen Sie es noch einmal.',
  'precondition-failed': 'Sehen Sie sich an, wie es jetzt ist, und versuchen Sie es noch einmal.',
  'body-too-large': 'Das ist zu groß.',
  'too-many-requests': 'Zu viele Anfragen.',
  'internal-error': 'Der Fehler liegt bei uns.',
  'shutting-down': 'Der Server startet gerade neu.',
  busy: 'Der Server ist gerade ausgelastet.',
  unavailable: 'Ein Dienst, den der Server dazu braucht, antwortet nicht.',
};

/** Why something was refused or failed, in the reader's language, with what to do about it. */
export function refusalText(error: Error, language: Language): string {
  const say = words[language];
  const own = (error as { ownWords?: string }).ownWords;
  if (own !== undefined) return own;
  if (error instanceof Unreachable) return say.unreachable;
  if (!(error instanceof ApiProblem)) return say.script;
  const { code, status, detail, errors, retryAfter, traceId } = error;
  if (code === undefined) return say.unexpected(status);
  const fields = errors.map(({ path, message }) => ` ${path}: ${message}.`).join('');
  const why = ((language === 'de' && GERMAN[code]) || detail) + fields;
  const wait = retryAfter === undefined || retryAfter === 0 ? '' : say.seconds(Math.ceil(retryAfter));
  const trace = status >= 500 && status !== 503 && traceId !== undefined ? say.trace(traceId) : '';
  return beginningOf(code, say)(why) + wait + trace;
}

/** What tells at the first word which kind of refusal it is. */
function beginningOf(code: ProblemCode, say: (typeof words)[Language]): (why: string) => string {
  if (code === 'forbidden') return say.notAllowed;
  return code === 'precondition-failed' ? say.changedMeanwhile : (why) => why;
}
