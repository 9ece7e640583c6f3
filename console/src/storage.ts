/** All that the console keeps in the browser: nothing about people, and nothing that signs in. */
type Key = 'language' | 'theme' | 'first-steps' | `columns.${string}`;

const PREFIX = 'roster.console.';

/** @returns null if nothing is kept, or the browser keeps nothing for this page */
export function kept(key: Key): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** @param value null forgets it */
export function keep(key: Key, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // It lasts as long as the page, then.
  }
}
