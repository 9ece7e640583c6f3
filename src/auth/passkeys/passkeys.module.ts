import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { RecoveryCodesModule } from '../recovery-codes/recovery-codes.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { Assertions } from './assertions.js';
import { ChallengeCookies } from './challenge-cookies.js';
import { Challenges } from './challenges.js';
import { PasskeyFactor } from './passkey.factor.js';
import { PasskeyMethod } from './passkey.method.js';
import { PasskeyPersonalData } from './passkey-personal-data.js';
import { PasskeyProofsController } from './passkey-proofs.controller.js';
import { PasskeyProofs } from './passkey-proofs.js';
import { PasskeyRegistration } from './passkey-registration.service.js';
import { PasskeySignInController } from './passkey-sign-in.controller.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';
import { PasskeysController } from './passkeys.controller.js';
import { Passkeys } from './passkeys.js';
import { RelyingParty } from './relying-party.js';
import { UserPasskeys } from './user-passkeys.js';

/** Passkeys (WebAuthn): a way to sign in by itself, and a second factor after others. */
@Module({
  imports: [
    EventsModule,
    JobsModule,
    UsersModule,
    LockoutModule,
    SessionsModule,
    SignInModule,
    EvidenceModule,
    SecondFactorsModule,
    RecoveryCodesModule,
  ],
  controllers: [PasskeysController, PasskeySignInController, PasskeyProofsController],
  providers: [
    Passkeys,
    Challenges,
    RelyingParty,
    Assertions,
    ChallengeCookies,
    PasskeyRegistration,
    UserPasskeys,
    PasskeySignIn,
    PasskeyProofs,
    PasskeyMethod,
    PasskeyFactor,
    PasskeyPersonalData,
  ],
  exports: [UserPasskeys, PasskeyRegistration, PasskeySignIn, ChallengeCookies],
})
export class PasskeysModule {}
