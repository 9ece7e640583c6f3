/** `unknown`: it could not be asked, which says nothing about it. */
export type FindingState = 'ok' | 'warning' | 'failed' | 'unknown';

/** What one check found, for somebody who was woken by it. */
export interface Finding {
  /** Such as `database` or `DNS`. */
  readonly about: string;
  readonly state: FindingState;
  /** What was seen; never a secret. */
  readonly seen: string;
  /** What should have been seen, where that does not go without saying. */
  readonly expected?: string;
  /** What to do about it. */
  readonly advice?: string;
}

type Rest = Pick<Finding, 'expected' | 'advice'>;

/** Findings about one thing. */
export function findingsAbout(about: string) {
  const made =
    (state: FindingState) =>
    (seen: string, rest: Rest = {}): Finding => ({ about, state, seen: onOneLine(seen), ...rest });
  return { ok: made('ok'), warning: made('warning'), failed: made('failed'), unknown: made('unknown') };
}

const MOST_CHARACTERS = 600;

/** Answers of servers are not trusted on a terminal. */
function onOneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS);
}
