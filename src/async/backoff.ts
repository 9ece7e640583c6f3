interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Exponential backoff: the first delay, doubled with each failure after the first, up to the longest. */
export function backoff(failures: number, { firstMs, longestMs }: Backoff): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1));
}
