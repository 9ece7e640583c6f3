import { acceptedLanguages, BASE_LOCALE, type Language, lookupOrder } from './languages.js';

/**
 * The language of an answer that has sentences, among those that there are.
 * @param header the reader's `Accept-Language`
 * @param offered by locale, English among them
 */
export function readerLanguage(header: string | undefined, offered: readonly string[]): Language {
  for (const tag of acceptedLanguages(header)) {
    const locale = lookupOrder(tag).find((candidate) => offered.includes(candidate));
    if (locale !== undefined) return { locale, format: tag };
  }
  return { locale: BASE_LOCALE, format: BASE_LOCALE };
}
