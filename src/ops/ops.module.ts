import { type DynamicModule, Module } from '@nestjs/common';
import { HealthChecks } from './health-checks.js';
import { HealthController } from './health.controller.js';
import { type Log, LOG_TOKEN } from './log.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { ServerMetrics } from './server-metrics.js';

/** Log, health and metrics, for every module. */
@Module({})
export class OpsModule {
  static forRoot(log: Log): DynamicModule {
    return {
      module: OpsModule,
      global: true,
      controllers: [HealthController, MetricsController],
      providers: [HealthChecks, Metrics, ServerMetrics, { provide: LOG_TOKEN, useValue: log }],
      exports: [HealthChecks, Metrics, LOG_TOKEN],
    };
  }
}
