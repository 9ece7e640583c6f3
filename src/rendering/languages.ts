/** The language of the templates that every other one is a translation of. */
export const BASE_LOCALE = 'en';

/** In what language something is said to somebody. */
export interface Language {
  /** That of the words: the folder of the templates, and `lang` of the document. */
  readonly locale: string;
  /** That of times and numbers: with the person's region, such as `de-AT` where the words are in `de`. */
  readonly format: string;
}

// RFC 5646, 4.4.1, with room for extensions, which are left out.
const LONGEST_TAG = 100;

/** A tag in its canonical spelling and without extensions; undefined for what is no language tag (BCP 47). */
export function canonical(tag: string): string | undefined {
  if (tag.length > LONGEST_TAG) return undefined;
  try {
    return new Intl.Locale(tag).baseName;
  } catch {
    return undefined;
  }
}

/** From the tag itself to its language alone: `de-Latn-AT`, `de-Latn`, `de` (RFC 4647, 3.4). */
export function lookupOrder(tag: string): string[] {
  const parts = tag.split('-');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
}

const MOST_LANGUAGES = 10;

/** The tags of an `Accept-Language` header (RFC 9110, 12.5.4), the preferred one first. */
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
