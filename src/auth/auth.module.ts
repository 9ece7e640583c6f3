import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { UsersModule } from '../users/users.module.js';
import { FirstAdmin } from './first-admin.js';
import { AuthPersonalData } from './auth-personal-data.js';
import { AuthMetrics } from './auth-metrics.js';
import { Accounts } from './accounts.js';
import { RegistrationModule } from './registration/registration.module.js';
import { VerificationModule } from './verification/verification.module.js';
import { UserImportModule } from './user-import/user-import.module.js';
import { UserCreationModule } from './user-creation/user-creation.module.js';
import { InvitationModule } from './invitation/invitation.module.js';
import { LoginModule } from './login/login.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { ContactConfirmationModule } from './contact-confirmation/contact-confirmation.module.js';
import { LockoutModule } from './lockout/lockout.module.js';
import { UnlockModule } from './unlock/unlock.module.js';
import { EvidenceModule } from './sign-in-evidence/evidence.module.js';
import { PasswordResetModule } from './password-reset/password-reset.module.js';
import { PasswordChangeModule } from './password-change/password-change.module.js';
import { EmailChangeModule } from './email-change/email-change.module.js';
import { SignInMethodsModule } from './sign-in-methods/sign-in-methods.module.js';
import { MagicLinkModule } from './magic-link/magic-link.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';
import { ProvidersModule } from './providers/providers.module.js';
import { RestorationModule } from './restoration/restoration.module.js';
import { LinksModule } from './one-time-tokens/links.module.js';
import { PasswordsModule } from './passwords/passwords.module.js';
import { SignInModule } from './sign-in/sign-in.module.js';
import { RecoveryCodesModule } from './recovery-codes/recovery-codes.module.js';
import { TotpModule } from './totp/totp.module.js';
import { SecondFactorsModule } from './second-factors/second-factors.module.js';
import { RememberedDevicesModule } from './remembered-devices/remembered-devices.module.js';
import { StepUpModule } from './step-up/step-up.module.js';
import { RevocationFeedModule } from './revocation-feed/revocation-feed.module.js';
import { VerifyModule } from './verify/verify.module.js';
import { RateLimitsModule } from './rate-limits/rate-limits.module.js';

/** The table of contents: authentication, sign-in methods, address confirmation and password changes. */
@Module({
  imports: [
    EventsModule,
    UsersModule,
    JobsModule,
    RegistrationModule,
    VerificationModule,
    UserCreationModule,
    UserImportModule,
    InvitationModule,
    LoginModule,
    SessionsModule,
    ContactConfirmationModule,
    LockoutModule,
    UnlockModule,
    EvidenceModule,
    PasswordResetModule,
    PasswordChangeModule,
    EmailChangeModule,
    SignInMethodsModule,
    MagicLinkModule,
    PasskeysModule,
    ProvidersModule,
    RestorationModule,
    LinksModule,
    PasswordsModule,
    SignInModule,
    RateLimitsModule,
    RevocationFeedModule,
    VerifyModule,
    StepUpModule,
    RememberedDevicesModule,
    SecondFactorsModule,
    TotpModule,
    RecoveryCodesModule,
  ],
  providers: [FirstAdmin, AuthPersonalData, AuthMetrics, Accounts],
  exports: [FirstAdmin, Accounts],
})
export class AuthModule {}
