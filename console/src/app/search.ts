/*
 * What stands in an address: plain text, several values separated by commas. Every route reads its part by these, so that an address
 * that somebody has mistyped shows the page without that filter.
 */

type Given = Readonly<Record<string, unknown>>;

/** For the router, which would write JSON. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

/** Leaves out what is empty or false. */
export function stringifySearch(values: Given): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (typeof text === 'number' || text === true || (typeof text === 'string' && text !== '')) {
      search.set(name, String(text));
    }
  }
  const written = search.toString();
  return written === '' ? '' : `?${written}`;
}

/** @returns undefined if it is missing or empty */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** One of these values; undefined for every other. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

/** Those of these values that are named, in their own order; undefined for none. */
export function severalOf<T extends string>(value: unknown, allowed: readonly T[]): T[] | undefined {
  const named = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  const found = allowed.filter((one) => named.includes(one));
  return found.length > 0 ? found : undefined;
}

/** `true` in an address; undefined for every other value. */
export function flag(value: unknown): true | undefined {
  return value === true || value === 'true' ? true : undefined;
}
