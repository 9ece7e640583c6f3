import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: { title: 'Events' },
  de: { title: 'Ereignisse' },
});
