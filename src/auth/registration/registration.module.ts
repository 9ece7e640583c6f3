import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { VerificationModule } from '../verification/verification.module.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationService } from './registration.service.js';
import { RegistrationHandlers } from './before-registration.js';
import { ClaimExpiry } from './claim-expiry.js';

@Module({
  imports: [DiscoveryModule, JobsModule, UsersModule, LinksModule, PasswordsModule, VerificationModule],
  controllers: [RegistrationController],
  providers: [RegistrationService, RegistrationHandlers, ClaimExpiry],
  exports: [RegistrationHandlers, RegistrationService],
})
export class RegistrationModule {}
