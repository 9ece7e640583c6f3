import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { AggregatorRegistry } from 'prom-client';
import { backoff } from '../async/backoff.js';
import type { Settings } from '../config/settings.js';
import { StartError } from '../config/start-error.js';
import type { AboutAdmin } from './summary.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

const MOST_WORKERS = 256;
const STEADY_MS = 60_000;

/**
 * How many processes serve requests, by `--workers 4`; 0 if it is not given: the one process serves.
 * @throws StartError
 */
export function workersAsked(args: string[]): number {
  let workers: string | undefined;
  try {
    ({ workers } = parseArgs({ args, options: { workers: { type: 'string' } } }).values);
  } catch (error) {
    throw new StartError(`${(error as Error).message}\nThe server has one option: npm start -- --workers 4`);
  }
  if (workers === undefined) return 0;
  const count = Number(workers);
  if (!/^\d{1,3}$/.test(workers) || count < 1 || count > MOST_WORKERS) {
    throw new StartError(`--workers ${workers}: expected a whole number from 1 to ${MOST_WORKERS}`);
  }
  return count;
}

interface WorkerProcessesParts {
  readonly count: number;
  /** As given in the environment, which the workers read as well. */
  readonly given: Settings;
  /** With what this process has started. */
  readonly settings: Settings;
  readonly onLoss: (how: string) => void;
}

/**
 * Worker processes that share the port (node:cluster), each a whole server on the same database, as replicas are. One that ends is
 * replaced; those of one release start and stop together.
 */
export class WorkerProcesses {
  private readonly own: Partial<Settings>;
  private readonly metrics = new AggregatorRegistry();
  private isStopping = false;

  constructor(private readonly parts: WorkerProcessesParts) {
    const { count, given, settings } = parts;
    const made = Object.entries(settings).filter(([name, value]) => given[name as keyof Settings] !== value);
    // They share the cores.
    const HASH_PROCESSES = settings.HASH_PROCESSES ?? Math.max(1, Math.ceil(availableParallelism() / count));
    this.own = { ...Object.fromEntries(made), HASH_PROCESSES };
    // They accept from one socket. If the primary dealt connections out, the one dealt to a worker that dies would hang for good.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ serialization: 'advanced', args: [] });
  }

  /**
   * Resolves when all of them serve.
   * @returns what is to be said about the first admin
   * @throws StartError with the message of a worker that could not start
   */
  async start(): Promise<AboutAdmin | undefined> {
    const about = await Promise.all(Array.from({ length: this.parts.count }, () => this.fork()));
    // One of them has made the admin, and knows the password.
    return about.find((one) => typeof one === 'object') ?? about[0];
  }

  /** As all of them stop at a signal, whether it reached them already or not. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(
      all().map(async (worker) => {
        const ended = once(worker, 'exit');
        worker.process.kill('SIGTERM');
        await ended;
      }),
    );
  }

  private fork(losses = 0): Promise<AboutAdmin | undefined> {
    const worker = cluster.fork();
    const begin = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<AboutAdmin | undefined>();
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'roster:started') send(worker, { type: 'roster:settings', own: this.own });
      if (message.type === 'roster:ready') resolve(message.admin);
      if (message.type === 'roster:failed') reject(new StartError(message.message.trim()));
      if (message.type === 'roster:read-metrics') void this.readMetrics(worker, message.id);
    });
    void promise.then(
      () => worker.on('exit', (code, signal) => this.replace(`worker ${worker.id}: ${signal || code}`, begin, losses)),
      () => undefined,
    );
    worker.on('exit', (code, signal) => reject(new StartError(`A worker ended while starting: ${signal || code}`)));
    return promise;
  }

  private replace(how: string, begin: number, before: number): void {
    if (this.isStopping) return;
    const losses = performance.now() - begin > STEADY_MS ? 1 : before + 1;
    this.parts.onLoss(how);
    setTimeout(
      () => {
        if (this.isStopping) return;
        this.fork(losses).catch((error: unknown) => {
          if (!this.isStopping) this.replace(String(error), performance.now(), losses);
        });
      },
      backoff(losses, { firstMs: 100, longestMs: 10_000 }),
    );
  }

  /** Those of all workers as of one server. */
  private async readMetrics(worker: Worker, id: number): Promise<void> {
    const text = await this.metrics.clusterMetrics().catch(() => null);
    send(worker, { type: 'roster:metrics', id, text });
  }
}

function all(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined && !worker.isDead()) as Worker[];
}

function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}
