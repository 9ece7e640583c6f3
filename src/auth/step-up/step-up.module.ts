import { Global, Module } from '@nestjs/common';
import { StepUpCheck } from '../../access/step-up.js';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { PasswordChangeModule } from '../password-change/password-change.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { StepUpController } from './step-up.controller.js';
import { StepUpPolicy } from './step-up-policy.js';
import { StepUpService } from './step-up.service.js';

/** Global, because the guard of every route asks it. */
@Global()
@Module({
  imports: [
    UsersModule,
    LockoutModule,
    PasswordsModule,
    PasswordChangeModule,
    RateLimitsModule,
    SecondFactorsModule,
    EvidenceModule,
  ],
  controllers: [StepUpController],
  providers: [StepUpPolicy, StepUpService, { provide: StepUpCheck, useExisting: StepUpPolicy }],
  exports: [StepUpPolicy, StepUpService, StepUpCheck],
})
export class StepUpModule {}
