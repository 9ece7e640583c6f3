import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { InvitationModule } from '../invitation/invitation.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { UserCreationController } from './user-creation.controller.js';
import { UserCreationService } from './user-creation.service.js';
import { Idempotency } from './idempotency.js';

@Module({
  imports: [JobsModule, UsersModule, InvitationModule, PasswordsModule],
  controllers: [UserCreationController],
  providers: [UserCreationService, Idempotency],
  exports: [Idempotency],
})
export class UserCreationModule {}
