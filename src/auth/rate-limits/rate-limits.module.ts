import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JobsModule } from '../../jobs/jobs.module.js';
import { RateLimits } from './rate-limits.js';
import { RateLimitStore } from './rate-limit-store.js';
import { RateLimitGuard } from './rate-limit.guard.js';

@Module({
  imports: [JobsModule],
  providers: [RateLimits, RateLimitStore, { provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [RateLimits],
})
export class RateLimitsModule {}
