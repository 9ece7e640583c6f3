import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UnlockModule } from '../unlock/unlock.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { SignInGate } from './sign-in-gate.js';
import { SignInAttempts } from './sign-in-attempts.js';
import { SignInOutcomes } from './sign-in-outcomes.js';

@Module({
  imports: [UsersModule, LockoutModule, RateLimitsModule, SessionsModule, EvidenceModule, UnlockModule],
  providers: [SignInGate, SignInAttempts, SignInOutcomes],
  exports: [SignInGate],
})
export class SignInModule {}
