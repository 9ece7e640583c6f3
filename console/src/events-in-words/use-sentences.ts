import { localeOf, localTime } from '../language/formats.js';
import { useLanguage } from '../language/language.js';
import { useProviderNames } from './provider-names.js';
import { type Sentences, sentencesIn } from './sentences.js';

/** The sentences in the reader's language, with times in the reader's zone. */
export function useSentences(): Sentences {
  const language = useLanguage();
  const providers = useProviderNames();
  return sentencesIn(language, (iso) => localTime(new Date(iso), localeOf(language)), providers);
}
