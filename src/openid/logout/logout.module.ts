import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { LogoutTargets } from '../clients/logout-targets.js';
import { ProviderModule } from '../provider/provider.module.js';
import { ExpiredSessions } from './expired-sessions.js';
import { LogoutDeliveries } from './logout-deliveries.js';
import { LogoutDeliveriesController } from './logout-deliveries.controller.js';
import { LogoutDispatcher } from './logout-dispatcher.js';
import { LogoutMessages } from './logout-messages.js';
import { LogoutQueue } from './logout-queue.js';
import { LogoutSender } from './logout-sender.js';
import { LogoutTokens } from './logout-tokens.js';
import { LogoutUpkeep } from './logout-upkeep.js';

/** Clients are told of every end of a session (OpenID Connect Back-Channel Logout 1.0). */
@Module({
  imports: [EventsModule, JobsModule, ClientsModule, ProviderModule],
  controllers: [LogoutDeliveriesController],
  providers: [
    LogoutQueue,
    LogoutTokens,
    LogoutMessages,
    { provide: LogoutSender, inject: [LogoutTargets], useFactory: (to: LogoutTargets) => new LogoutSender(to) },
    LogoutDispatcher,
    LogoutDeliveries,
    ExpiredSessions,
    LogoutUpkeep,
  ],
})
export class LogoutModule {}
