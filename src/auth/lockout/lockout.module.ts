import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { UnlockController } from './unlock.controller.js';
import { Lockouts } from './lockouts.js';
import { LockNotices } from './lock-notices.js';
import { Unlocking } from './unlocking.js';
import { DeviceTokens } from './device-tokens.js';
import { DeviceCookies } from './device-cookies.js';

@Module({
  imports: [JobsModule, UsersModule, LinksModule, EvidenceModule],
  controllers: [UnlockController],
  providers: [Lockouts, LockNotices, Unlocking, DeviceTokens, DeviceCookies],
  exports: [Lockouts, LockNotices, Unlocking, DeviceTokens, DeviceCookies],
})
export class LockoutModule {}
