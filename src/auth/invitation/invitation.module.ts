import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { InvitationController } from './invitation.controller.js';
import { InvitationService } from './invitation.service.js';
import { Invitations } from './invitations.js';

@Module({
  imports: [UsersModule, LinksModule, PasswordsModule],
  controllers: [InvitationController],
  providers: [InvitationService, Invitations],
  exports: [Invitations],
})
export class InvitationModule {}
