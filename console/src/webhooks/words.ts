import { defineWords } from '../language/words.js';

export const words = defineWords({
  en: { title: 'Webhooks' },
  de: { title: 'Webhooks' },
});
