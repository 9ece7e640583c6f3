import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { PasswordChangeController } from './password-change.controller.js';
import { PasswordChangeService } from './password-change.service.js';
import { CurrentPassword } from './current-password.js';

@Module({
  imports: [UsersModule, LockoutModule, PasswordsModule, RateLimitsModule, EvidenceModule],
  controllers: [PasswordChangeController],
  providers: [PasswordChangeService, CurrentPassword],
  exports: [CurrentPassword, PasswordChangeService],
})
export class PasswordChangeModule {}
