import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { InvitationModule } from '../invitation/invitation.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { VerificationController } from './verification.controller.js';
import { VerificationService } from './verification.service.js';
import { VerificationLinks } from './verification-links.js';
import { Claims } from './claims.js';
import { VerificationRequests } from './verification-requests.js';

@Module({
  imports: [UsersModule, InvitationModule, LinksModule, PasswordsModule],
  controllers: [VerificationController],
  providers: [VerificationService, VerificationLinks, Claims, VerificationRequests],
  exports: [VerificationLinks],
})
export class VerificationModule {}
