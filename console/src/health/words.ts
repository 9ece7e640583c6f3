import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: { title: 'Health' },
  de: { title: 'Zustand' },
});
