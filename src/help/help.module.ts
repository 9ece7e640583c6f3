import { Module } from '@nestjs/common';
import { LockoutModule } from '../auth/lockout/lockout.module.js';
import { LinksModule } from '../auth/one-time-tokens/links.module.js';
import { RateLimitsModule } from '../auth/rate-limits/rate-limits.module.js';
import { SecondFactorsModule } from '../auth/second-factors/second-factors.module.js';
import { SignInMethodsModule } from '../auth/sign-in-methods/sign-in-methods.module.js';
import { EventsModule } from '../events/events.module.js';
import { RelayModule } from '../relay/relay.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountFacts } from './account-facts.js';
import { CredentialFacts } from './credential-facts.js';
import { HealthDetailsController } from './health/health-details.controller.js';
import { HealthDetailsService } from './health/health-details.service.js';
import { ProviderUses } from './health/provider-use.js';
import { Queues } from './health/queues.js';
import { HelpController } from './help.controller.js';
import { HelpService } from './help.service.js';
import { MailFacts } from './mail-facts.js';
import { NameFacts } from './name-facts.js';
import { PersonFacts } from './person-facts.js';
import { SignInFacts } from './sign-in-facts.js';
import { TraceFacts } from './trace-facts.js';

/** What staff ask: why somebody cannot sign in, and how the installation is. */
@Module({
  imports: [
    EventsModule,
    RelayModule,
    UsersModule,
    LockoutModule,
    LinksModule,
    RateLimitsModule,
    SecondFactorsModule,
    SignInMethodsModule,
  ],
  controllers: [HelpController, HealthDetailsController],
  providers: [
    HealthDetailsService,
    Queues,
    ProviderUses,
    HelpService,
    NameFacts,
    TraceFacts,
    PersonFacts,
    AccountFacts,
    SignInFacts,
    CredentialFacts,
    MailFacts,
  ],
})
export class HelpModule {}
