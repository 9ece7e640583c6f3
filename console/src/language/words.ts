export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a page says, in every language: strings, functions for sentences with values, and groups of them. */
export type Words<W> = Readonly<Record<Language, W>>;

/** The German words have exactly the names and values of the English ones. */
export function defineWords<W extends object>(words: { readonly en: W; readonly de: NoInfer<W> }): Words<W> {
  return words;
}

/** The first of these language tags that the console speaks; English for others. @param tags preferred first */
export function languageOf(tags: readonly string[]): Language {
  for (const tag of tags) {
    const found = LANGUAGES.find((language) => language === tag.split('-', 1)[0]?.toLowerCase());
    if (found) return found;
  }
  return 'en';
}
