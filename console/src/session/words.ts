import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: {
    endedTitle: 'Your session has ended',
    endedWhy: 'You were signed out, here or on another device. Sign in again to go on at this very page.',
    otherTitle: 'Somebody else is signed in now',
    otherWhy: 'In this browser another account was signed in meanwhile. Load the page again as that account.',
    signInAgain: 'Sign in again',
    keep: 'What you have entered here is kept if you',
    otherTab: 'sign in in another tab',
    reload: 'Load the page again',
    offline: 'You are offline. What you see may be old; it is brought up to date once there is a connection.',
    unreachable: 'The server does not answer. Trying again by itself.',
    back: 'Connected again.',
    refusedTitle: 'Not allowed',
    refusedWhy: (role: string) =>
      `The console is for people who look after users. Your account has the role ${role}; the console takes MANAGER or ADMIN.`,
    account: 'My account',
  },
  de: {
    endedTitle: 'Ihre Sitzung ist beendet',
    endedWhy:
      'Sie wurden hier oder auf einem anderen Gerät abgemeldet. Melden Sie sich neu an, um genau auf dieser Seite weiterzuarbeiten.',
    otherTitle: 'Jetzt ist jemand anders angemeldet',
    otherWhy:
      'In diesem Browser wurde inzwischen ein anderes Konto angemeldet. Laden Sie die Seite für dieses Konto neu.',
    signInAgain: 'Neu anmelden',
    keep: 'Was Sie hier eingegeben haben, bleibt erhalten, wenn Sie sich',
    otherTab: 'in einem anderen Tab anmelden',
    reload: 'Seite neu laden',
    offline:
      'Sie sind offline. Was Sie sehen, kann veraltet sein; sobald wieder eine Verbindung besteht, wird es erneuert.',
    unreachable: 'Der Server antwortet nicht. Es wird von selbst weiter versucht.',
    back: 'Die Verbindung besteht wieder.',
    refusedTitle: 'Nicht erlaubt',
    refusedWhy: (role) =>
      `Die Konsole ist für Menschen, die Konten betreuen. Ihr Konto hat die Rolle ${role}; die Konsole verlangt MANAGER oder ADMIN.`,
    account: 'Mein Konto',
  },
});
