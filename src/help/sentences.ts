import { readerLanguage } from '../rendering/reader-language.js';
import type { Fact } from './facts.js';
import type { HelpFact } from './help.dto.js';
import { DE } from './words/de.js';
import { EN } from './words/en.js';
import { Reader, type Words } from './words/words.js';

const LANGUAGES: Readonly<Record<string, Words>> = { en: EN, de: DE };

/** What was found, in words. @param acceptLanguage the header of the request @param timeZone of the reader */
export function inWords(
  facts: readonly Fact[],
  acceptLanguage: string | undefined,
  timeZone?: string,
): { locale: string; facts: HelpFact[] } {
  const { locale, format } = readerLanguage(acceptLanguage, Object.keys(LANGUAGES));
  const words = LANGUAGES[locale] ?? EN;
  const reader = new Reader(format, timeZone);
  return { locale, facts: facts.map((one) => told(one, words, reader)) };
}

function told({ code, at, isReason, values }: Fact, words: Words, reader: Reader): HelpFact {
  const sentence = words.facts[code] as (values: object, reader: Reader) => string;
  return { code, at: at?.toISOString() ?? null, isReason, text: sentence(values, reader), values: plain(values) };
}

/** Times as RFC 3339. */
function plain(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ]),
  );
}
