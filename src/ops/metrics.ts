import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { withDeadline } from '../async/deadline.js';

/** Longer than a readiness check may take, and shorter than Prometheus waits. */
const TIMEOUT_MS = 3000;

/** The value of a metric for each combination of labels. */
export type Readings = readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];

export interface Figure {
  /** By Prometheus conventions: `roster_`, the thing measured, its unit; `_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /**
   * What the worker processes of one server together have: `max` for what each of them reads in the database, `sum` for what is of a
   * process.
   */
  readonly ofWorkers?: 'max' | 'min' | 'sum';
}

/**
 * The Prometheus registry; each module adds its own metrics. A metric that cannot be read is left out, so that the others stay
 * visible while something is down.
 */
@Injectable()
export class Metrics {
  /** The registry for metrics counted as things happen. */
  readonly registry = new Registry();
  private read = (): Promise<string> => this.ofThisProcess();

  get registries(): Registry[] {
    return [ofProcess(), this.registry];
  }

  /** @param read what `text` gives in place of the metrics of this process */
  readAs(read: () => Promise<string>): void {
    this.read = read;
  }

  /** A gauge that is read on scrape. */
  gauge(figure: Figure, read: () => Readings | Promise<Readings>): void {
    new Gauge({
      ...this.readOptions(figure),
      collect: collecting(figure, read, (gauge: Gauge, labels, value) => gauge.set(labels, value)),
    });
  }

  /** A counter that is counted elsewhere and read on scrape. */
  total(figure: Figure, read: () => Readings | Promise<Readings>): void {
    new Counter({
      ...this.readOptions(figure),
      collect: collecting(figure, read, (counter: Counter, labels, value) => counter.inc(labels, value)),
    });
  }

  /** A counter that is incremented as things happen. */
  counter(figure: Figure): Counter {
    return new Counter(this.options(figure));
  }

  async text(): Promise<string> {
    return (await this.read()).replace(NOT_MEASURED, '');
  }

  private async ofThisProcess(): Promise<string> {
    return (await Promise.all(this.registries.map((registry) => registry.metrics()))).join('');
  }

  private options({ name, help, labels = [] }: Figure) {
    return { name, help, labelNames: [...labels], registers: [this.registry] };
  }

  /** For what is read on scrape, mostly in the database. */
  private readOptions(figure: Figure) {
    return { ...this.options(figure), aggregator: figure.ofWorkers ?? ('max' as const) };
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
    // A metric without labels would then have the value 0, which was not read.
    if (names.length === 0) this.remove();
    for (const { labels = {}, value } of readings) note(this, labels, value);
  };
}

/**
 * Gauges with the suffix of counters, which `promtool check metrics` rejects. Each is the sum of the metric of that name without
 * the suffix.
 */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Samples without a value, as prom-client writes them: the delay of the event loop, if nothing of it was measured since the last scrape. */
const NOT_MEASURED = /^[^#\n].* Nan\n/gm;

let processRegistry: Registry | undefined;

/**
 * CPU, memory, event loop, garbage collection: shared by all applications of the process. From the first scrape on: to measure the
 * delay of the event loop wakes the process up a hundred times a second, which is 0.7 % of a core when nobody uses it.
 */
function ofProcess(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
    for (const name of MISNAMED) processRegistry.removeSingleMetric(name);
  }
  return processRegistry;
}
