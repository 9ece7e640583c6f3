import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { UnlockModule } from '../unlock/unlock.module.js';
import { PasswordResetController } from './password-reset.controller.js';
import { PasswordResetService } from './password-reset.service.js';
import { PasswordResetRequests } from './password-reset-requests.js';
import { PasswordResetLinks } from './password-reset-links.js';

@Module({
  imports: [UsersModule, LinksModule, PasswordsModule, EvidenceModule, UnlockModule],
  controllers: [PasswordResetController],
  providers: [PasswordResetService, PasswordResetLinks, PasswordResetRequests],
})
export class PasswordResetModule {}
