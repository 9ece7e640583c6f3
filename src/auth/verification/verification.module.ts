import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { InvitationModule } from '../invitation/invitation.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { VerificationController } from './verification.controller.js';
import { VerificationService } from './verification.service.js';
import { VerificationLinks } from './verification-links.js';
import { Claims } from './claims.js';
import { FreshLinks } from './fresh-links.js';

@Module({
  imports: [JobsModule, UsersModule, InvitationModule, LinksModule, PasswordsModule],
  controllers: [VerificationController],
  providers: [VerificationService, VerificationLinks, Claims, FreshLinks],
  exports: [VerificationLinks],
})
export class VerificationModule {}
