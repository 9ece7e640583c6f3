import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves together. */
const ENOUGH_BYTES = 32 * 2 ** 20;

/**
 * Holds the space in which V8 allocates at what a busy server needs. V8 doubles it while much survives a collection, up to 128 MiB, and
 * keeps it. Its limit is an option of Node.js, which every way of starting a server would have to give; how fast it grows may be set
 * at any time. V8 also shrinks it, after a collection in a quiet moment: then it may grow again.
 */
export class YoungGeneration {
  /** By the operator, whose choice that is. */
  private readonly isLimited = /semi[-_]space/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '));
  private mayGrow = true;

  /** Looks how large the space is, which takes some two microseconds, and lets it grow or not. */
  look(): void {
    if (this.isLimited) return;
    const mayGrow = youngBytes() < ENOUGH_BYTES;
    if (mayGrow === this.mayGrow) return;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? '2' : '1'}`);
    this.mayGrow = mayGrow;
  }
}

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
