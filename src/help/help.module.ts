import { Module } from '@nestjs/common';
import { LockoutModule } from '../auth/lockout/lockout.module.js';
import { LinksModule } from '../auth/one-time-tokens/links.module.js';
import { RateLimitsModule } from '../auth/rate-limits/rate-limits.module.js';
import { SecondFactorsModule } from '../auth/second-factors/second-factors.module.js';
import { SignInMethodsModule } from '../auth/sign-in-methods/sign-in-methods.module.js';
import { EventsModule } from '../events/events.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountFacts } from './account-facts.js';
import { CredentialFacts } from './credential-facts.js';
import { HelpController } from './help.controller.js';
import { HelpService } from './help.service.js';
import { MailFacts } from './mail-facts.js';
import { NameFacts } from './name-facts.js';
import { PersonFacts } from './person-facts.js';
import { SignInFacts } from './sign-in-facts.js';
import { TraceFacts } from './trace-facts.js';

/** What happened to somebody who cannot sign in, for staff. */
@Module({
  imports: [
    EventsModule,
    UsersModule,
    LockoutModule,
    LinksModule,
    RateLimitsModule,
    SecondFactorsModule,
    SignInMethodsModule,
  ],
  controllers: [HelpController],
  providers: [HelpService, NameFacts, TraceFacts, PersonFacts, AccountFacts, SignInFacts, CredentialFacts, MailFacts],
})
export class HelpModule {}
