/** What a key is called in `useKeys`: what it writes, or its name. */
interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** How long after the first key of two the second one counts. */
export const SEQUENCE_MS = 1200;

/**
 * Which of the known keys were pressed: one alone, or two one after the other.
 * @param first what was pressed just before, if that began a sequence
 * @returns `run` names what to do, `first` is what to remember for the next key
 */
export function match(
  known: readonly string[],
  { key, ctrlKey, metaKey, altKey }: Pressed,
  first: string | undefined,
): { readonly run?: string; readonly first?: string } {
  // Those are for the browser.
  if (ctrlKey || metaKey || altKey) return {};
  if (first !== undefined && known.includes(`${first} ${key}`)) return { run: `${first} ${key}` };
  if (known.includes(key)) return { run: key };
  return known.some((keys) => keys.startsWith(`${key} `)) ? { first: key } : {};
}
