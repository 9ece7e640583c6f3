import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: { title: 'Help' },
  de: { title: 'Hilfe' },
});
