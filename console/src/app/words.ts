import { defineWords } from '../language/words.js';

/** The frame around the pages. */
export const words = defineWords({
  en: {
    console: 'Console',
    navigation: 'Main',
    skip: 'Skip to the content',
    people: 'People',
    events: 'Events',
    webhooks: 'Webhooks',
    help: 'Help',
    health: 'Health',
    menu: 'Menu',
    noSuchPage: 'There is no such page',
    noSuchPageWhy: 'The address may be mistyped, or from another version of Roster.',
    toPeople: 'To People',
    pageFailed: 'This page could not be shown',
    pageFailedWhy: 'The error is ours. Reload the page; if it stays, tell whoever runs Roster.',
    reload: 'Reload',
    loading: 'Loading',
  },
  de: {
    console: 'Konsole',
    navigation: 'Hauptmenü',
    skip: 'Zum Inhalt springen',
    people: 'Personen',
    events: 'Ereignisse',
    webhooks: 'Webhooks',
    help: 'Hilfe',
    health: 'Zustand',
    menu: 'Menü',
    noSuchPage: 'Diese Seite gibt es nicht',
    noSuchPageWhy: 'Vielleicht ist die Adresse falsch geschrieben oder stammt aus einer anderen Version von Roster.',
    toPeople: 'Zu den Personen',
    pageFailed: 'Diese Seite konnte nicht angezeigt werden',
    pageFailedWhy:
      'Der Fehler liegt bei uns. Laden Sie die Seite neu; bleibt er, melden Sie ihn den Betreibern von Roster.',
    reload: 'Neu laden',
    loading: 'Wird geladen',
  },
});
