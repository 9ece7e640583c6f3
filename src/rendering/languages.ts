/** The source language of all templates. */
export const BASE_LOCALE = 'en';

/** The language and format chosen for a reader. */
export interface Language {
  /** The language of the text: the directory of the templates, and `lang` of the document. */
  readonly locale: string;
  /** The locale of times and numbers, with the reader's region: such as `de-AT` for text in `de`. */
  readonly format: string;
}

// RFC 5646, 4.4.1, with room for extensions, which are dropped.
const LONGEST_TAG = 100;

/** A canonical tag without extensions; undefined if it is not a language tag (BCP 47). */
export function canonical(tag: string): string | undefined {
  if (tag.length > LONGEST_TAG) return undefined;
  try {
    return new Intl.Locale(tag).baseName;
  } catch {
    return undefined;
  }
}

/** From the full tag down to its language: `de-Latn-AT`, `de-Latn`, `de` (RFC 4647, 3.4). */
export function lookupOrder(tag: string): string[] {
  const parts = tag.split('-');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
}

const MOST_LANGUAGES = 10;

/** The tags of an `Accept-Language` header (RFC 9110, 12.5.4), preferred first. */
export function acceptedLanguages(header = ''): string[] {
  return header
    .split(',', MOST_LANGUAGES)
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
      return { tag, quality: /^(0(\.\d{1,3})?|1(\.0{1,3})?)$/.test(quality) ? Number(quality) : 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .flatMap(({ tag }) => canonical(tag) ?? []);
}

/** The tags of `ui_locales` (OpenID Connect Core 1.0, 3.1.2.1), preferred first. */
export function wantedLanguages(uiLocales: unknown): string[] {
  if (typeof uiLocales !== 'string') return [];
  return uiLocales.split(' ', MOST_LANGUAGES).flatMap((tag) => canonical(tag) ?? []);
}
