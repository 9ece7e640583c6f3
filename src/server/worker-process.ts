import cluster from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import { withDeadline } from '../async/deadline.js';
import { withOwn } from '../config/setting-origins.js';
import type { Settings } from '../config/settings.js';
import type { Metrics } from '../ops/metrics.js';
import { DomainError } from '../problems/domain-error.js';
import type { AboutAdmin } from './summary.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

const METRICS_WITHIN_MS = 6000;

/** Not the metrics of the others alone: counters that fall and rise again look like many new events. */
class WorkerSilent extends DomainError {
  readonly code = 'unavailable';
  constructor() {
    super('A worker process does not answer, so the metrics of all workers cannot be read. Try again in a moment.');
  }
}

/** What a worker process says to its primary, and hears from it. */
export class WorkerProcess {
  private readonly asked = new Map<number, (text: string | null) => void>();
  private questions = 0;
  private readonly own = Promise.withResolvers<Partial<Settings>>();

  private constructor() {
    process.on('message', (message: ToWorker) => {
      if (message.type === 'roster:settings') this.own.resolve(message.own);
      if (message.type === 'roster:metrics') this.asked.get(message.id)?.(message.text);
    });
    // Answers the primary: until this worker serves, that it has counted nothing. Without an answer, there are no metrics of the others.
    AggregatorRegistry.setRegistries([]);
    new AggregatorRegistry();
    tell({ type: 'roster:started' });
  }

  /** Of this process, if it is a worker. */
  static get(): WorkerProcess | undefined {
    return cluster.isWorker ? new WorkerProcess() : undefined;
  }

  /** With what the primary has started for all workers, such as the embedded database. */
  async complete(given: Settings): Promise<Settings> {
    return withOwn(given, await this.own.promise);
  }

  /** The metrics of any worker are those of all. */
  share(metrics: Metrics): void {
    AggregatorRegistry.setRegistries(metrics.registries);
    metrics.readAs(() => this.allMetrics());
  }

  ready(admin: AboutAdmin | undefined): void {
    tell({ type: 'roster:ready', admin });
  }

  failed(message: string): void {
    tell({ type: 'roster:failed', message });
  }

  private async allMetrics(): Promise<string> {
    const id = ++this.questions;
    try {
      const text = await withDeadline(METRICS_WITHIN_MS, async () => {
        const { promise, resolve } = Promise.withResolvers<string | null>();
        this.asked.set(id, resolve);
        tell({ type: 'roster:read-metrics', id });
        return promise;
      });
      if (text === null) throw new WorkerSilent();
      return text;
    } finally {
      this.asked.delete(id);
    }
  }
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
