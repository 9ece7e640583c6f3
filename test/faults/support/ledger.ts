/** What was answered to changes that clients asked for while something was wrong. */
export class Ledger {
  /** The names of the changes that were answered with success. */
  readonly acknowledged: string[] = [];
  /** How often each refusal was met: `503`, or the code of an error such as `ECONNRESET`. */
  readonly refusals = new Map<string, number>();
  /** Milliseconds: from a refusal to the next change of anybody that was answered with success. */
  longestRefusalMs = 0;
  private refusedSince: number | undefined;

  /** Whether the last that was asked for was answered with success. */
  get isServed(): boolean {
    return this.refusedSince === undefined && this.acknowledged.length > 0;
  }

  /** How many changes were refused, or not answered at all. */
  get refused(): number {
    return [...this.refusals.values()].reduce((sum, times) => sum + times, 0);
  }

  /** The refusals that tell nobody to come again: neither 503 nor 429, nor a connection that could not be made or was cut. */
  get unexpected(): string[] {
    return [...this.refusals.keys()].filter((refusal) =>
      /^\d+$/.test(refusal) ? !['429', '503'].includes(refusal) : /timeout|aborted/i.test(refusal),
    );
  }

  /**
   * Asks for one change, once.
   * @param name by which it is found afterwards, such as an address that is registered
   * @param ask rejects where there was no answer
   * @returns whether it was acknowledged
   */
  async change(name: string, ask: () => PromiseLike<{ readonly status: number }>): Promise<boolean> {
    const begin = performance.now();
    let refusal: string | undefined;
    try {
      const { status } = await ask();
      if (status >= 300) refusal = String(status);
    } catch (error) {
      refusal = reasonOf(error);
    }
    this.note({ name, begin, end: performance.now(), refusal });
    return refusal === undefined;
  }

  /** What became of a change that somebody else asked for; after those that ended before. */
  note({ name, begin, end, refusal }: Noted): void {
    if (refusal !== undefined) {
      this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
      // Who waited in vain was without service for all that time.
      this.refusedSince ??= begin;
      return;
    }
    this.acknowledged.push(name);
    if (this.refusedSince === undefined) return;
    this.longestRefusalMs = Math.max(this.longestRefusalMs, Math.round(end - this.refusedSince));
    this.refusedSince = undefined;
  }
}

interface Noted {
  readonly name: string;
  /** Milliseconds by one clock. */
  readonly begin: number;
  readonly end: number;
  readonly refusal?: string | undefined;
}

function reasonOf(error: unknown): string {
  const { cause, code, message } = error as { cause?: { code?: string }; code?: string; message: string };
  return cause?.code ?? (typeof code === 'string' ? code : message);
}
