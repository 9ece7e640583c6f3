import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Histogram } from 'prom-client';
import { RELEASE } from '../config/release.js';
import { HealthChecks } from './health-checks.js';
import { Metrics } from './metrics.js';

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of requests, readiness checks and the release. */
@Injectable()
export class ServerMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly health: HealthChecks,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    this.timeRequests();
    this.metrics.gauge(
      {
        name: 'roster_check_up',
        help: 'Whether a part works, as in /health/ready.',
        labels: ['check'],
        ofWorkers: 'min',
      },
      async () =>
        (await this.health.results()).map(({ name, state }) => ({
          labels: { check: name },
          value: state === 'up' ? 1 : 0,
        })),
    );
    this.metrics.gauge({ name: 'roster_info', help: 'The release; always 1.', labels: ['version'] }, () => [
      { labels: { version: RELEASE }, value: 1 },
    ]);
  }

  private timeRequests(): void {
    // There is none without a server, as in a script.
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (!adapter) return;
    const durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of HTTP requests, in seconds.',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers: [this.metrics.registry],
    });
    adapter.getInstance<FastifyInstance>().addHook('onResponse', (request, reply, done) => {
      // The route pattern, not the path: made-up paths must not create series.
      const route = request.routeOptions.url ?? 'none';
      durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
      done();
    });
  }
}
