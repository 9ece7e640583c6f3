import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { SignInsController } from './sign-ins.controller.js';
import { AuditController } from './audit.controller.js';
import { AuthEvents } from './auth-events.js';
import { EvidenceRetention } from './evidence-retention.js';
import { Evidence } from './evidence.js';
import { EvidenceTally } from './evidence-tally.js';
import { AuditTrail } from './audit-trail.js';
import { SignIns } from './sign-ins.js';

@Module({
  imports: [DiscoveryModule, EventsModule, JobsModule, UsersModule],
  controllers: [SignInsController, AuditController],
  providers: [AuthEvents, EvidenceRetention, Evidence, EvidenceTally, AuditTrail, SignIns],
  exports: [AuthEvents, SignIns],
})
export class EvidenceModule {}
