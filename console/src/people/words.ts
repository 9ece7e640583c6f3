import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: { title: 'People' },
  de: { title: 'Personen' },
});
