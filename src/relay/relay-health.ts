import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { singleFlight } from '../async/single-flight.js';
import { HealthChecks } from '../ops/health-checks.js';
import { type Figure, Metrics, type Readings } from '../ops/metrics.js';
import { Relay } from './relay.js';
import { isLate, lagOf, readSinkStatuses, type SinkStatus } from './sink-status.js';

/** Lag, rate and dead letters of every sink, as figures of readiness and as metrics. A sink that fails or lags degrades readiness. */
@Injectable()
export class RelayHealth implements OnApplicationBootstrap {
  /** All figures of one answer come from one query. */
  private readonly readStatuses = singleFlight(() => readSinkStatuses(this.dataSource));

  constructor(
    private readonly relay: Relay,
    private readonly health: HealthChecks,
    private readonly metrics: Metrics,
    private readonly dataSource: DataSource,
  ) {}

  onApplicationBootstrap(): void {
    for (const name of this.relay.sinkNames) {
      this.health.register(name, false, async () => {
        const status = await this.statusOf(name);
        if (status.failingSince !== null || isLate(status)) throw new Error(`events wait for ${name}`);
      });
      const figure = (what: string, of: (status: SinkStatus) => number): void =>
        this.health.registerFigure(`${name}${what}`, async () => Math.round(of(await this.statusOf(name)) * 10) / 10);
      figure('LagEvents', lagOf);
      figure('LagSeconds', ({ lagSeconds }) => lagSeconds);
      figure('EventsPerSecond', ({ eventsPerSecond }) => eventsPerSecond);
      figure('DeadLetters', ({ deadLetters }) => deadLetters);
    }
    this.registerMetrics();
  }

  private registerMetrics(): void {
    const gauge = (name: string, help: string, of: (status: SinkStatus) => number): void =>
      this.metrics.gauge(figureOf(name, help), () => this.readings(of));
    gauge('roster_relay_lag_events', 'Events that wait to be published to the sink.', lagOf);
    gauge('roster_relay_lag_seconds', 'Age of the next event to publish.', ({ lagSeconds }) => lagSeconds);
    gauge(
      'roster_relay_events_per_second',
      'Events that the sink has confirmed, over the last half to one minute.',
      ({ eventsPerSecond }) => eventsPerSecond,
    );
    gauge('roster_relay_dead_letters', 'Events that the sink has refused for good.', ({ deadLetters }) => deadLetters);
    gauge('roster_relay_failing', '1 while the sink accepts no events.', ({ failingSince }) => (failingSince ? 1 : 0));
    this.metrics.total(
      figureOf('roster_relay_events_total', 'Events that the sink has confirmed, repeated ones included.'),
      () => this.readings(({ published }) => published),
    );
  }

  private async readings(of: (status: SinkStatus) => number): Promise<Readings> {
    return Promise.all(
      this.relay.sinkNames.map(async (sink) => ({ labels: { sink }, value: of(await this.statusOf(sink)) })),
    );
  }

  private async statusOf(name: string): Promise<SinkStatus> {
    const status = (await this.readStatuses()).find(({ sink }) => sink === name);
    if (!status) throw new Error(`The position of ${name} is missing from relay_cursors`);
    return status;
  }
}

function figureOf(name: string, help: string): Figure {
  return { name, help, labels: ['sink'] };
}
