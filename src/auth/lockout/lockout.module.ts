import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { Lockouts } from './lockouts.js';
import { FactorLockouts } from './factor-lockouts.js';
import { LockNotices } from './lock-notices.js';
import { LockoutReport } from './lockout-report.js';
import { DeviceTokens } from './device-tokens.js';
import { DeviceCookies } from './device-cookies.js';

@Module({
  imports: [JobsModule, UsersModule, EvidenceModule],
  providers: [Lockouts, FactorLockouts, LockoutReport, LockNotices, DeviceTokens, DeviceCookies],
  exports: [Lockouts, FactorLockouts, LockoutReport, DeviceTokens, DeviceCookies],
})
export class LockoutModule {}
