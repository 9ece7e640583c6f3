import { Module } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { SETTINGS_TOKEN } from '../../config/settings.token.js';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { Identities } from '../identities/identities.js';
import { IdentitiesModule } from '../identities/identities.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { RegistrationModule } from '../registration/registration.module.js';
import { SecondFactorsModule } from '../second-factors/second-factors.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { VerificationModule } from '../verification/verification.module.js';
import { ProviderHttp } from './clients/provider-http.js';
import { FlowCookies } from './flow-cookies.js';
import { IdentitiesController } from './identities.controller.js';
import { IdentityPersonalData } from './identity-personal-data.js';
import { ProviderMethod } from './provider.method.js';
import { ProviderAccounts } from './provider-accounts.js';
import { ProviderAnswers } from './provider-answers.js';
import { ProviderDepartures } from './provider-departures.js';
import { ProviderFlows } from './provider-flows.js';
import { Providers } from './providers.js';
import { ProvidersController } from './providers.controller.js';
import { ProviderSignIns } from './provider-sign-ins.js';
import { UserIdentities } from './user-identities.js';

/** Sign-in by other providers: OpenID Connect, and GitHub. */
@Module({
  imports: [
    EventsModule,
    JobsModule,
    UsersModule,
    IdentitiesModule,
    LockoutModule,
    PasswordsModule,
    RateLimitsModule,
    RegistrationModule,
    SecondFactorsModule,
    SessionsModule,
    SignInModule,
    VerificationModule,
  ],
  controllers: [ProvidersController, IdentitiesController],
  providers: [
    ProviderHttp,
    Providers,
    FlowCookies,
    ProviderFlows,
    ProviderDepartures,
    ProviderAccounts,
    ProviderSignIns,
    ProviderAnswers,
    UserIdentities,
    IdentityPersonalData,
    {
      // A method for each provider; `HeldMethods` finds them.
      provide: 'roster:provider-methods',
      useFactory: ({ providers }: Settings, identities: Identities) =>
        providers.map((provider) => new ProviderMethod(provider, identities)),
      inject: [SETTINGS_TOKEN, Identities],
    },
  ],
  exports: [Providers, ProviderAnswers, ProviderDepartures, UserIdentities],
})
export class ProvidersModule {}
