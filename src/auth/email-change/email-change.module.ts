import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordChangeModule } from '../password-change/password-change.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { EmailChangeController } from './email-change.controller.js';
import { EmailChangeService } from './email-change.service.js';
import { EmailChangeLinks } from './email-change-links.js';
import { EmailChangeProofs } from './email-change-proofs.js';

@Module({
  imports: [UsersModule, LinksModule, PasswordChangeModule, PasswordsModule, SessionsModule],
  controllers: [EmailChangeController],
  providers: [EmailChangeService, EmailChangeLinks, EmailChangeProofs],
  exports: [EmailChangeLinks],
})
export class EmailChangeModule {}
