import { acceptedLanguages, BASE_LOCALE, type Language, lookupOrder } from './languages.js';

/**
 * The language of an answer that has sentences, among those that there are.
 * @param header the reader's `Accept-Language`
 * @param offered by locale, English among them
 */
export function readerLanguage<Locale extends string>(
  header: string | undefined,
  offered: readonly Locale[],
): Language & { readonly locale: Locale | typeof BASE_LOCALE } {
  for (const tag of acceptedLanguages(header)) {
    const locale = lookupOrder(tag).flatMap((candidate) => offered.find((one) => one === candidate) ?? [])[0];
    if (locale !== undefined) return { locale, format: tag };
  }
  return { locale: BASE_LOCALE, format: BASE_LOCALE };
}
