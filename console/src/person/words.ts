import { defineWords } from '../language/words.js';
import { actWords } from './act-words.js';
import { pageWords } from './page-words.js';

/** All that the page of a person says. */
export const words = defineWords({
  en: { ...pageWords.en, ...actWords.en },
  de: { ...pageWords.de, ...actWords.de },
});
