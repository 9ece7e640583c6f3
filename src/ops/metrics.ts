import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { withDeadline } from '../async/deadline.js';

/** Longer than a check of readiness may take, and shorter than Prometheus waits. */
const TIMEOUT_MS = 3000;

/** What a figure is, under each combination of its labels. */
export type Readings = readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];

export interface Figure {
  /** As Prometheus names them: `roster_`, what is counted, and its unit; `_total` for what only rises. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/**
 * What Prometheus is told; each part of the application adds its own. A figure that cannot be had is left out of the answer, so
 * that the others can be seen while something is down.
 */
@Injectable()
export class Metrics {
  /** Where to register metrics that are counted as things happen. */
  readonly registry = new Registry();
  private readonly process = ofProcess();

  /** A figure that goes up and down, and is read when somebody asks. */
  gauge(figure: Figure, read: () => Readings | Promise<Readings>): void {
    new Gauge({
      ...this.options(figure),
      collect: collecting(figure, read, (gauge: Gauge, labels, value) => gauge.set(labels, value)),
    });
  }

  /** A figure that only rises, is counted elsewhere, and is read when somebody asks. */
  total(figure: Figure, read: () => Readings | Promise<Readings>): void {
    new Counter({
      ...this.options(figure),
      collect: collecting(figure, read, (counter: Counter, labels, value) => counter.inc(labels, value)),
    });
  }

  /** Counts as things happen. */
  counter(figure: Figure): Counter {
    return new Counter(this.options(figure));
  }

  async text(): Promise<string> {
    return (await Promise.all([this.process.metrics(), this.registry.metrics()])).join('');
  }

  private options({ name, help, labels = [] }: Figure): {
    name: string;
    help: string;
    labelNames: string[];
    registers: Registry[];
  } {
    return { name, help, labelNames: [...labels], registers: [this.registry] };
  }
}

interface Collected {
  reset(): void;
  remove(): void;
}

function collecting<Metric extends Collected>(
  { labels: names = [] }: Figure,
  read: () => Readings | Promise<Readings>,
  note: (metric: Metric, labels: Record<string, string>, value: number) => void,
): (this: Metric) => Promise<void> {
  return async function () {
    const readings = await withDeadline(TIMEOUT_MS, async () => read()).catch((): Readings => []);
    this.reset();
    // Of a metric without labels there is a value then, 0, which nobody has read.
    if (names.length === 0) this.remove();
    for (const { labels = {}, value } of readings) note(this, labels, value);
  };
}

/**
 * Gauges with the suffix of counters, which `promtool check metrics` complains of. Each is the sum of the metric of that name
 * without the suffix.
 */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

let processRegistry: Registry | undefined;

/** CPU, memory, event loop, garbage collection: one for all applications of the process. */
function ofProcess(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
    for (const name of MISNAMED) processRegistry.removeSingleMetric(name);
  }
  return processRegistry;
}
