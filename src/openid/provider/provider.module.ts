import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { RateLimitsModule } from '../../auth/rate-limits/rate-limits.module.js';
import { EvidenceModule } from '../../auth/sign-in-evidence/evidence.module.js';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { Artifacts } from './artifacts.js';
import { Connections } from './connections.js';
import { Grants } from './grants.js';
import { JwksController } from './jwks.controller.js';
import { OpenIdTokens } from './openid-tokens.js';
import { OpenIdController } from './openid.controller.js';
import { PreflightsController } from './preflights.controller.js';
import { ProviderMetrics } from './provider-metrics.js';
import { ProtocolRequests } from './protocol-requests.js';
import { ProviderErrors } from './provider-errors.js';
import { OpenIdProvider } from './provider.js';
import { ServiceClients } from './service-clients.js';
import { SigningKeys } from './signing-keys.js';
import { OpenIdUpkeep } from './upkeep.js';

@Module({
  imports: [
    RateLimitsModule,
    JobsModule,
    JwtModule.register({}),
    ClientsModule,
    EvidenceModule,
    EventsModule,
    UsersModule,
  ],
  controllers: [JwksController, OpenIdController, PreflightsController],
  providers: [
    Artifacts,
    Connections,
    Grants,
    OpenIdProvider,
    OpenIdTokens,
    OpenIdUpkeep,
    ProtocolRequests,
    ProviderErrors,
    ProviderMetrics,
    ServiceClients,
    SigningKeys,
  ],
  exports: [Artifacts, Connections, Grants, OpenIdProvider, OpenIdTokens, ProtocolRequests, SigningKeys],
})
export class ProviderModule {}
