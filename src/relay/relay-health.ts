import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { singleFlight } from '../async/single-flight.js';
import { HealthChecks } from '../ops/health-checks.js';
import { type Figure, Metrics, type Readings } from '../ops/metrics.js';
import { Relay } from './relay.js';
import { lagOf, readStatus, type SinkStatus } from './status.js';

/** An event that has waited longer is a sign that a sink does not take it, or that nobody sends. */
const LATE_AFTER_SECONDS = 60;

/** Lag, rate and dead letters of every sink among the figures of readiness and the metrics; one that is away, or late, degrades it. */
@Injectable()
export class RelayHealth implements OnApplicationBootstrap {
  /** All figures of one answer come from one query. */
  private readonly readStatus = singleFlight(() => readStatus(this.dataSource));

  constructor(
    private readonly relay: Relay,
    private readonly health: HealthChecks,
    private readonly metrics: Metrics,
    private readonly dataSource: DataSource,
  ) {}

  onApplicationBootstrap(): void {
    for (const name of this.relay.names) {
      this.health.register(name, false, async () => {
        const { failingSince, lagSeconds } = await this.statusOf(name);
        if (failingSince !== null || lagSeconds > LATE_AFTER_SECONDS) throw new Error(`events wait for ${name}`);
      });
      const figure = (what: string, of: (status: SinkStatus) => number): void =>
        this.health.registerFigure(`${name}${what}`, async () => Math.round(of(await this.statusOf(name)) * 10) / 10);
      figure('LagEvents', lagOf);
      figure('LagSeconds', ({ lagSeconds }) => lagSeconds);
      figure('EventsPerSecond', ({ eventsPerSecond }) => eventsPerSecond);
      figure('DeadLetters', ({ deadLetters }) => deadLetters);
    }
    this.addMetrics();
  }

  private addMetrics(): void {
    const gauge = (name: string, help: string, of: (status: SinkStatus) => number): void =>
      this.metrics.gauge(figureOf(name, help), () => this.readings(of));
    gauge('roster_relay_lag_events', 'Events that wait for the sink.', lagOf);
    gauge('roster_relay_lag_seconds', 'Since when the next of them waits.', ({ lagSeconds }) => lagSeconds);
    gauge(
      'roster_relay_events_per_second',
      'Events that the sink has confirmed, over the last half to one minute.',
      ({ eventsPerSecond }) => eventsPerSecond,
    );
    gauge('roster_relay_dead_letters', 'Events that it refused for good.', ({ deadLetters }) => deadLetters);
    gauge('roster_relay_failing', '1 while it takes no events.', ({ failingSince }) => (failingSince ? 1 : 0));
    this.metrics.total(
      figureOf('roster_relay_events_total', 'Events that the sink has confirmed, those sent again included.'),
      () => this.readings(({ published }) => published),
    );
  }

  private async readings(of: (status: SinkStatus) => number): Promise<Readings> {
    return Promise.all(
      this.relay.names.map(async (sink) => ({ labels: { sink }, value: of(await this.statusOf(sink)) })),
    );
  }

  private async statusOf(name: string): Promise<SinkStatus> {
    const status = (await this.readStatus()).find(({ sink }) => sink === name);
    if (!status) throw new Error(`The cursor of ${name} is missing from relay_cursors`);
    return status;
  }
}

function figureOf(name: string, help: string): Figure {
  return { name, help, labels: ['sink'] };
}
