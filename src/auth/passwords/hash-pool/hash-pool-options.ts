export interface HashPoolOptions {
  /** Called when a worker exits unexpectedly. */
  readonly onLoss?: (how: string) => void;
  /** Called with the kind of error the first time that a hash cannot be computed. */
  readonly onFault?: (fault: string) => void;
  /** Nice value of the workers, 0 to 19; 19 yields to everything else. */
  readonly nice?: number;
  /** Maximum number of processes; default: number of cores. */
  readonly workers?: number;
  /** Requests with a longer expected wait are refused immediately. */
  readonly longestWaitMs?: number;
  /** Requests that have actually waited this long are refused; default: a second more than `longestWaitMs`. */
  readonly longestQueuedMs?: number;
  /** Workers idle for this long are stopped. */
  readonly idleMs?: number;
}
