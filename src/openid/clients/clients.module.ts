import { Module } from '@nestjs/common';
import { UserCreationModule } from '../../auth/user-creation/user-creation.module.js';
import { ClientLog } from './client-log.js';
import { ClientRegistrations } from './client-registrations.js';
import { ClientRegistry } from './client-registry.js';
import { Clients } from './clients.js';
import { ClientsController } from './clients.controller.js';
import { ClientSecrets } from './client-secrets.js';
import { LogoutTargets } from './logout-targets.js';

@Module({
  imports: [UserCreationModule],
  controllers: [ClientsController],
  providers: [Clients, ClientSecrets, ClientRegistry, ClientRegistrations, ClientLog, LogoutTargets],
  exports: [Clients, ClientRegistry, LogoutTargets],
})
export class ClientsModule {}
