const MODULUS = 2 ** 31 - 1;
const MULTIPLIER = 48_271;
const WARM_UP = 5;

/** Random choices that are the same for the same start: the "minimal standard" generator of Park and Miller. Not for secrets. */
export class Choices {
  private state: number;

  constructor(start: number) {
    this.state = (Math.abs(Math.trunc(start)) % (MODULUS - 1)) + 1;
    // The first numbers after a small start are small.
    for (let round = 0; round < WARM_UP; round++) this.share();
  }

  /** From 0 up to, but not including, 1. */
  share(): number {
    this.state = (this.state * MULTIPLIER) % MODULUS;
    return (this.state - 1) / (MODULUS - 1);
  }

  /** True in that share of all cases. */
  chance(share: number): boolean {
    return this.share() < share;
  }

  /** A whole number from the first to the last. */
  whole(first: number, last: number): number {
    return first + Math.floor(this.share() * (last - first + 1));
  }

  /** @param list not empty */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.whole(0, list.length - 1)];
    if (picked === undefined) throw new Error('There is nothing to pick from');
    return picked;
  }

  /** A moment of the span, in milliseconds. @param lean over 1 makes early moments likelier, under 1 late ones */
  moment(from: number, to: number, lean = 1): number {
    return Math.floor(from + Math.max(to - from, 0) * this.share() ** lean);
  }
}
