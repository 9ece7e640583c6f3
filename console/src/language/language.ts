import { createStore, useStore } from '../store.js';
import { keep, kept } from '../storage.js';
import { type Language, LANGUAGES, languageOf, type Words } from './words.js';

const chosen = LANGUAGES.find((language) => language === kept('language'));
const language = createStore<Language>(chosen ?? languageOf(navigator.languages));

export function useLanguage(): Language {
  return useStore(language);
}

/** For what speaks outside React's tree. */
export function languageNow(): Language {
  return language.get();
}

/** For this browser, from now on. */
export function chooseLanguage(choice: Language): void {
  keep('language', choice);
  language.set(choice);
}

/** The words in the reader's language. */
export function useWords<W>(words: Words<W>): W {
  return words[useLanguage()];
}

/** Names the language to browsers and screen readers (WCAG 3.1.1). */
export function followLanguage(): void {
  const name = () => (document.documentElement.lang = language.get());
  name();
  language.subscribe(name);
}
