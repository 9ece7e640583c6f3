export interface AskedFor {
  readonly others: readonly string[];
  readonly targets: Readonly<Record<string, string>>;
  readonly pids: Readonly<Record<string, readonly number[]>>;
  readonly options: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
export function askedFor(words: readonly string[]): AskedFor;
