import type { Parser } from './parsers.js';

/** How one setting is parsed and described. */
export interface Setting<T> {
  readonly parse: Parser<T>;
  /** The default as it would be written in the environment; absent when there is none. */
  readonly default?: string;
  readonly describe: string;
  /** True for secrets, such as a password or a URL with one: they may come from a file (`<NAME>_FILE`). */
  readonly secret?: true;
}

export function required<T>(parse: Parser<T>, fallback: string, describe: string) {
  return { parse, default: fallback, describe };
}

export function optional<T>(parse: Parser<T>, describe: string): Setting<T | undefined> {
  return { parse, describe };
}

export function secret<T>(parse: Parser<T>, describe: string): Setting<T | undefined> & { readonly secret: true } {
  return { parse, describe, secret: true };
}
