import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: {
    title: 'First steps',
    why: 'Roster runs. What most people do next:',
    done: 'done',
    open: 'not yet',
    dismiss: 'Hide these steps',
    invite: 'Invite a colleague',
    inviteWhy: 'Somebody else who can help when you are away, as MANAGER or ADMIN.',
    inviteGo: 'Invite somebody',
    register: 'Try a registration',
    registerWhy: 'Sign up as a user would, in a private window, and find the person here.',
    registerGo: 'Open the sign-up page',
    mail: 'Set up mail',
    mailWhy: 'Set SMTP_URL and MAIL_FROM, so that mails reach people. Until then they go to the development mailbox.',
    mailGo: 'See the settings in effect',
  },
  de: {
    title: 'Erste Schritte',
    why: 'Roster läuft. Was die meisten als Nächstes tun:',
    done: 'erledigt',
    open: 'noch offen',
    dismiss: 'Diese Schritte ausblenden',
    invite: 'Jemanden aus dem Team einladen',
    inviteWhy: 'Eine zweite Person, die hilft, wenn Sie nicht da sind: als MANAGER oder ADMIN.',
    inviteGo: 'Jemanden einladen',
    register: 'Eine Registrierung ausprobieren',
    registerWhy:
      'Registrieren Sie sich in einem privaten Fenster wie jemand von außen, und finden Sie die Person hier.',
    registerGo: 'Registrierungsseite öffnen',
    mail: 'E-Mail einrichten',
    mailWhy:
      'Setzen Sie SMTP_URL und MAIL_FROM, damit E-Mails ankommen. Bis dahin landen sie im Postfach der Entwicklung.',
    mailGo: 'Wirksame Einstellungen ansehen',
  },
});
