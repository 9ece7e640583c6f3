import { availableParallelism, constants } from 'node:os';
import { backoff } from '../../../async/backoff.js';
import { inSpan } from '../../../tracing/tracing.js';
import { HashingOverloaded } from './hashing-overloaded.js';
import { HashChild } from './hash-child.js';
import { HashQueue } from './hash-queue.js';
import type { HashPoolOptions } from './hash-pool-options.js';
import type { ForeignHashRequest, HashAnswer, HashCost, HashLane } from './hash-request.js';
import type { HashPoolStats, HashRequest, HashWork } from './hash-request.js';

interface Job {
  readonly request: HashRequest;
  readonly account: string;
  readonly lane: HashLane;
  readonly resolve: (result: string | boolean) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
  /** Number of workers that died processing it. */
  losses: number;
}

const LOWEST_PRIORITY = constants.priority.PRIORITY_LOW;
const IDLE_MS = 10_000;
const LONGEST_WAIT_MS = 2000;
const LEEWAY_MS = 1000;
// Longer than any hash that a request could wait for.
const STUCK_MS = 30_000;
const CLOSE_GRACE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;
// Estimate before the first result; bcrypt of cost 12 takes about 180 ms.
const GUESSED_MS_A_ROUND = 180 / 2 ** 12;
// Weight of the newest hash in the moving average.
const NEWEST = 0.1;

/**
 * Computes password hashes in child processes of the lowest priority, one per core, so that everything else stays fast during sign-ins
 * (docs/adr/0021-hash-pool.md). They start on demand and stop when idle. The queue is bounded: requests with a long expected wait
 * are refused immediately.
 */
export class HashPool {
  private readonly workers: number;
  private readonly longestWaitMs: number;
  private readonly longestQueuedMs: number;
  private readonly queue = new HashQueue<Job>();
  private readonly children = new Set<HashChild>();
  /** Idle workers and their stop timers; the last one is used next. */
  private readonly idle: { readonly child: HashChild; readonly dismissal: NodeJS.Timeout }[] = [];
  private readonly busy = new Map<HashChild, { readonly job: Job; readonly stuck: NodeJS.Timeout }>();
  private averageMs: number | undefined;
  private refused = 0;
  private hasFailed = false;
  /** Workers lost since the last result. */
  private losses = 0;
  /** No worker is started until it has passed. */
  private pause: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(private readonly options: HashPoolOptions = {}) {
    this.workers = options.workers ?? availableParallelism();
    this.longestWaitMs = options.longestWaitMs ?? LONGEST_WAIT_MS;
    this.longestQueuedMs = options.longestQueuedMs ?? this.longestWaitMs + LEEWAY_MS;
  }

  /**
   * @param cost of bcrypt, or the work of a comparison
   * @param salt the prefix of a bcrypt or PHC string with algorithm and cost; `cost` is then the minimum cost
   * @throws HashingOverloaded
   */
  async hash(prehash: string, cost: number | HashCost, work?: HashWork, salt?: string): Promise<string> {
    return (await this.run({ prehash, ...costOf(cost), ...(salt !== undefined && { salt }) }, work)) as string;
  }

  /**
   * @param cost the least work of the comparison, regardless of that of `stored`
   * @throws HashingOverloaded
   */
  async compare(prehash: string, stored: string, cost: number | HashCost, work?: HashWork): Promise<boolean> {
    return (await this.run({ prehash, stored, ...costOf(cost) }, work)) as boolean;
  }

  /** The same with an imported hash. @throws HashingOverloaded */
  async compareForeign(request: ForeignHashRequest, work?: HashWork): Promise<boolean> {
    return (await this.run(request, work)) as boolean;
  }

  /**
   * For callers with preparatory work: lets them fail before it.
   * @param cost of the upcoming hash
   * @throws HashingOverloaded
   */
  check(cost: number, { account = '', lane = 'other' }: HashWork = {}): void {
    if (!this.isFull(lane, cost) || (!this.closing && this.queue.canMakeRoomFor({ account, lane }))) return;
    this.refused++;
    throw this.busyFor(lane, cost);
  }

  stats(): HashPoolStats {
    return { queued: this.queue.size, busy: this.busy.size, workers: this.children.size, refused: this.refused };
  }

  /** Stops every worker after its current request; queued requests are refused. */
  async onApplicationShutdown(): Promise<void> {
    this.closing = true;
    clearTimeout(this.pause);
    for (let job = this.queue.shift(); job; job = this.queue.shift()) this.refuse(job);
    for (const one of this.idle.splice(0)) dismiss(one);
    const children = [...this.children];
    const hurry = setTimeout(() => children.forEach((child) => child.kill()), CLOSE_GRACE_MS);
    await Promise.all(children.map(({ ended }) => ended));
    clearTimeout(hurry);
  }

  private run(request: HashRequest, { account = '', lane = 'other' }: HashWork = {}): Promise<string | boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<string | boolean>();
    const deadline = setTimeout(() => {
      if (this.queue.remove(job)) this.refuse(job);
    }, this.longestQueuedMs);
    const job: Job = { request, account, lane, resolve, reject, deadline, losses: 0 };
    this.admit(job);
    return inSpan({ name: 'hash password' }, () => promise);
  }

  private admit(job: Job): void {
    const isFull = this.isFull(job.lane, job.request.cost);
    const displaced = isFull && !this.closing ? this.queue.makeRoomFor(job) : undefined;
    if (displaced) this.refuse(displaced);
    if (isFull && !displaced) {
      this.refuse(job);
      return;
    }
    this.queue.push(job);
    this.dispatch();
  }

  private isFull(lane: HashLane, cost: number): boolean {
    return this.closing || this.expectedWaitMs(lane, cost) > this.longestWaitMs;
  }

  private expectedWaitMs(lane: HashLane, cost: number): number {
    if (this.idle.length > 0 || this.mayStartOne()) return 0;
    const hashMs = this.averageMs ?? GUESSED_MS_A_ROUND * 2 ** cost;
    return ((this.queue.ahead(lane) + 0.5) * hashMs) / this.workers;
  }

  private refuse(job: Job): void {
    clearTimeout(job.deadline);
    this.refused++;
    job.reject(this.busyFor(job.lane, job.request.cost));
  }

  private busyFor(lane: HashLane, cost: number): HashingOverloaded {
    return new HashingOverloaded(Math.max(1, Math.ceil(this.expectedWaitMs(lane, cost) / 1000)));
  }

  private mayStartOne(): boolean {
    return this.children.size < this.workers && this.pause === undefined && !this.closing;
  }

  private dispatch(): void {
    while (this.queue.size > 0) {
      const child = this.takeIdle() ?? this.start();
      const job = child && this.queue.shift();
      if (!child || !job) return;
      const stuck = setTimeout(() => child.kill(), STUCK_MS).unref();
      this.busy.set(child, { job, stuck });
      child.compute(job.request, (answer) => this.finish(child, answer));
    }
  }

  private takeIdle(): HashChild | undefined {
    const one = this.idle.pop();
    clearTimeout(one?.dismissal);
    return one?.child;
  }

  private start(): HashChild | undefined {
    if (!this.mayStartOne()) return undefined;
    const child = new HashChild(this.options.nice ?? LOWEST_PRIORITY);
    this.children.add(child);
    void child.ended.then((how) => this.bury(child, how));
    return child;
  }

  private finish(child: HashChild, { result, fault, ms }: HashAnswer): void {
    const job = this.takeJob(child);
    this.losses = 0;
    this.averageMs = this.averageMs === undefined ? ms : NEWEST * ms + (1 - NEWEST) * this.averageMs;
    const dismissal = setTimeout(() => {
      this.idle.splice(this.idle.indexOf(one), 1);
      dismiss(one);
    }, this.options.idleMs ?? IDLE_MS).unref();
    const one = { child, dismissal };
    if (this.closing) dismiss(one);
    else this.idle.push(one);
    clearTimeout(job?.deadline);
    if (fault !== undefined && !this.hasFailed) this.options.onFault?.(fault);
    this.hasFailed ||= fault !== undefined;
    if (result === undefined) job?.reject(new Error(`The hash could not be computed: ${fault}`));
    else job?.resolve(result);
    this.dispatch();
  }

  /** After the death of a worker: retries its request on another one, and refuses it if that dies as well. */
  private bury(child: HashChild, how: string): void {
    this.children.delete(child);
    const at = this.idle.findIndex((one) => one.child === child);
    for (const { dismissal } of at < 0 ? [] : this.idle.splice(at, 1)) clearTimeout(dismissal);
    const job = this.takeJob(child);
    if (!child.dismissed) {
      this.options.onLoss?.(how);
      this.pauseAfterLoss();
    }
    if (job && job.losses++ === 0 && !this.closing) {
      job.deadline.refresh();
      this.queue.putBack(job);
    } else if (job) this.refuse(job);
    // A dismissed one held its place until now, and what has come meanwhile waits for that.
    this.dispatch();
  }

  /** The first one is replaced immediately; further losses in a row with increasing delay. */
  private pauseAfterLoss(): void {
    this.losses++;
    if (this.losses === 1 || this.closing) return;
    clearTimeout(this.pause);
    const resume = (): void => {
      this.pause = undefined;
      this.dispatch();
    };
    this.pause = setTimeout(resume, backoff(this.losses, { firstMs: 100, longestMs: LONGEST_PAUSE_MS })).unref();
  }

  private takeJob(child: HashChild): Job | undefined {
    const at = this.busy.get(child);
    this.busy.delete(child);
    clearTimeout(at?.stuck);
    return at?.job;
  }
}

const costOf = (cost: number | HashCost): HashCost => (typeof cost === 'number' ? { cost } : cost);

function dismiss({ child, dismissal }: { readonly child: HashChild; readonly dismissal: NodeJS.Timeout }): void {
  clearTimeout(dismissal);
  child.dismiss();
}
