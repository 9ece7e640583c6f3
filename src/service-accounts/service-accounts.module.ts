import { Global, Module } from '@nestjs/common';
import { ServiceKeyCheck } from '../access/service-key-check.js';
import { RateLimitsModule } from '../auth/rate-limits/rate-limits.module.js';
import { EventsModule } from '../events/events.module.js';
import { UsersModule } from '../users/users.module.js';
import { ServiceAccountActs } from './service-account-acts.js';
import { ServiceAccounts } from './service-accounts.js';
import { ServiceAccountsController } from './service-accounts.controller.js';
import { ServiceKeyEndings } from './service-key-endings.js';
import { ServiceKeys } from './service-keys.js';
import { ServiceKeysController } from './service-keys.controller.js';
import { ServiceKeyStates } from './service-key-states.js';

/** Global, because the guard of every route authenticates the caller. */
@Global()
@Module({
  imports: [EventsModule, UsersModule, RateLimitsModule],
  controllers: [ServiceAccountsController, ServiceKeysController],
  providers: [
    ServiceAccountActs,
    ServiceAccounts,
    ServiceKeyEndings,
    ServiceKeys,
    ServiceKeyStates,
    { provide: ServiceKeyCheck, useExisting: ServiceAccounts },
  ],
  exports: [ServiceAccounts, ServiceAccountActs, ServiceKeyCheck],
})
export class ServiceAccountsModule {}
