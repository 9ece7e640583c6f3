import type { MailItem, MailState } from '../api/schema.js';
import { defineWords } from '../language/words.js';

/** What each mail is about, by its template. */
export const mailWords = defineWords({
  en: {
    templates: {
      'verify-email': 'Confirm the email address',
      'already-registered': 'There is an account already',
      invitation: 'Invitation',
      'magic-link': 'Sign-in link',
      'confirm-contact': 'Confirm a further address',
      'reset-password': 'Choose a new password',
      'password-changed': 'Password changed',
      'factor-added': 'Sign-in method added',
      'sign-in-method-removed': 'Sign-in method removed',
      'confirm-email-change': 'Confirm the new address',
      'email-change-requested': 'Change of address requested',
      'email-change-taken': 'The new address has an account already',
      'email-changed': 'Address changed',
      'role-changed': 'Role changed',
      'professional-status-changed': 'Professional status changed',
      'account-suspended': 'Account suspended',
      'account-reinstated': 'Account reinstated',
      'account-deleted': 'Account deleted',
      'account-restored': 'Account restored',
      'restore-account': 'Restore the account',
      'account-locked': 'Too many wrong passwords',
      'second-factor-locked': 'Too many wrong codes',
      'account-unlocked': 'Account unlocked',
      'account-unavailable': 'Signing in is not possible',
      'new-sign-in': 'New sign-in',
      'session-reused': 'A device was signed out',
      'device-remembered': 'A device is remembered',
      'passkey-refused': 'Passkey refused',
      'recovery-code-used': 'Recovery code used',
      'webhook-disabled': 'Webhook disabled',
    },
    states: { queued: 'Waiting', sent: 'Sent', failed: 'Failed' } satisfies Record<MailState, string>,
    sentences: {
      queued: (mail: string, to: string) => `Mail waits to be sent to ${to}: ${mail}`,
      sent: (mail: string, to: string) => `Mail sent to ${to}: ${mail}`,
      failed: (mail: string, to: string) => `Mail to ${to} failed: ${mail}`,
    } satisfies Record<MailState, (mail: string, to: string) => string>,
  },
  de: {
    templates: {
      'verify-email': 'E-Mail-Adresse bestätigen',
      'already-registered': 'Es gibt bereits ein Konto',
      invitation: 'Einladung',
      'magic-link': 'Anmeldelink',
      'confirm-contact': 'Weitere Adresse bestätigen',
      'reset-password': 'Neues Passwort wählen',
      'password-changed': 'Passwort geändert',
      'factor-added': 'Anmeldemethode hinzugefügt',
      'sign-in-method-removed': 'Anmeldemethode entfernt',
      'confirm-email-change': 'Neue Adresse bestätigen',
      'email-change-requested': 'Änderung der Adresse angefordert',
      'email-change-taken': 'Zur neuen Adresse gibt es bereits ein Konto',
      'email-changed': 'Adresse geändert',
      'role-changed': 'Rolle geändert',
      'professional-status-changed': 'Beruflicher Status geändert',
      'account-suspended': 'Konto deaktiviert',
      'account-reinstated': 'Konto wieder aktiviert',
      'account-deleted': 'Konto gelöscht',
      'account-restored': 'Konto wiederhergestellt',
      'restore-account': 'Konto wiederherstellen',
      'account-locked': 'Zu viele falsche Passwörter',
      'second-factor-locked': 'Zu viele falsche Codes',
      'account-unlocked': 'Konto entsperrt',
      'account-unavailable': 'Anmeldung nicht möglich',
      'new-sign-in': 'Neue Anmeldung',
      'session-reused': 'Ein Gerät wurde abgemeldet',
      'device-remembered': 'Ein Gerät ist gemerkt',
      'passkey-refused': 'Passkey abgelehnt',
      'recovery-code-used': 'Wiederherstellungscode benutzt',
      'webhook-disabled': 'Webhook deaktiviert',
    },
    states: { queued: 'Wartet', sent: 'Gesendet', failed: 'Gescheitert' },
    sentences: {
      queued: (mail, to) => `E-Mail an ${to} wartet auf den Versand: ${mail}`,
      sent: (mail, to) => `E-Mail an ${to} gesendet: ${mail}`,
      failed: (mail, to) => `E-Mail an ${to} gescheitert: ${mail}`,
    },
  },
});

export type MailWords = (typeof mailWords)['en'];

/** What a mail is about; a template that the console does not know yet by its own name. */
export function mailName({ templates }: Pick<MailWords, 'templates'>, template: string): string {
  return (templates as Readonly<Record<string, string>>)[template] ?? template;
}

/** What became of a mail, as a sentence. */
export function mailSentence(words: MailWords, { template, recipient, state }: MailItem): string {
  return words.sentences[state](mailName(words, template), recipient);
}
