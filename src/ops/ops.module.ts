import { type DynamicModule, Module } from '@nestjs/common';
import { HealthChecks } from './health-checks.js';
import { HealthController } from './health.controller.js';
import { type Log, LOG_TOKEN } from './log.js';

/** Log and health, for every module. */
@Module({})
export class OpsModule {
  static forRoot(log: Log): DynamicModule {
    return {
      module: OpsModule,
      global: true,
      controllers: [HealthController],
      providers: [HealthChecks, { provide: LOG_TOKEN, useValue: log }],
      exports: [HealthChecks, LOG_TOKEN],
    };
  }
}
