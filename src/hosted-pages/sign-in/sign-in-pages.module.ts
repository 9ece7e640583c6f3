import { Module } from '@nestjs/common';
import { LockoutModule } from '../../auth/lockout/lockout.module.js';
import { LoginModule } from '../../auth/login/login.module.js';
import { MagicLinkModule } from '../../auth/magic-link/magic-link.module.js';
import { LinksModule } from '../../auth/one-time-tokens/links.module.js';
import { PasskeysModule } from '../../auth/passkeys/passkeys.module.js';
import { ProvidersModule } from '../../auth/providers/providers.module.js';
import { RateLimitsModule } from '../../auth/rate-limits/rate-limits.module.js';
import { TotpModule } from '../../auth/totp/totp.module.js';
import { UsersModule } from '../../users/users.module.js';
import { PasswordsModule } from '../../auth/passwords/passwords.module.js';
import { BrowserSignIns } from './browser-sign-ins.js';
import { SignInModule } from '../../auth/sign-in/sign-in.module.js';
import { SecondFactorController } from './second-factor.controller.js';
import { SecondFactorsModule } from '../../auth/second-factors/second-factors.module.js';
import { SignInPasskeyController } from './sign-in-passkey.controller.js';
import { PatientLogins } from './patient-logins.js';
import { SetUpController } from './set-up.controller.js';
import { SignInController } from './sign-in.controller.js';
import { SignInLinkController } from './sign-in-link.controller.js';
import { SignOutController } from './sign-out.controller.js';

@Module({
  imports: [
    UsersModule,
    LoginModule,
    PasswordsModule,
    MagicLinkModule,
    SignInModule,
    SecondFactorsModule,
    LinksModule,
    LockoutModule,
    RateLimitsModule,
    PasskeysModule,
    ProvidersModule,
    TotpModule,
  ],
  controllers: [
    SignInController,
    SecondFactorController,
    SetUpController,
    SignInLinkController,
    SignInPasskeyController,
    SignOutController,
  ],
  providers: [BrowserSignIns, PatientLogins],
  exports: [BrowserSignIns],
})
export class SignInPagesModule {}
