import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { InvitationController } from './invitation.controller.js';
import { InvitationService } from './invitation.service.js';
import { InvitationLinks } from './invitation-links.js';

@Module({
  imports: [UsersModule, LinksModule, PasswordsModule],
  controllers: [InvitationController],
  providers: [InvitationService, InvitationLinks],
  exports: [InvitationLinks],
})
export class InvitationModule {}
