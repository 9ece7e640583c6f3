import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UnlockModule } from '../unlock/unlock.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { RememberedDevicesModule } from '../remembered-devices/remembered-devices.module.js';
import { CredentialReader } from './credentials.js';
import { SignInGate } from './sign-in-gate.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SecondStepController } from './second-step.controller.js';
import { SecondSteps } from './second-steps.js';
import { SetupSignIns } from './setup-sign-ins.js';
import { SignInAttempts } from './sign-in-attempts.js';
import { SignInOutcomes } from './sign-in-outcomes.js';

@Module({
  imports: [
    UsersModule,
    LockoutModule,
    RateLimitsModule,
    SessionsModule,
    EvidenceModule,
    UnlockModule,
    SecondFactorsModule,
    RememberedDevicesModule,
  ],
  controllers: [SecondStepController],
  providers: [SignInGate, CredentialReader, SetupSignIns, SecondSteps, SignInAttempts, SignInOutcomes],
  exports: [SignInGate, SetupSignIns],
})
export class SignInModule {}
