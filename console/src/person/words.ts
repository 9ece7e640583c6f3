import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: { title: 'Person' },
  de: { title: 'Person' },
});
