import { Module } from '@nestjs/common';
import { EvidenceModule } from '../../auth/sign-in-evidence/evidence.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ProviderModule } from '../provider/provider.module.js';
import { GrantsController } from './grants.controller.js';
import { UserGrants } from './user-grants.js';

@Module({
  imports: [EvidenceModule, UsersModule, ProviderModule],
  controllers: [GrantsController],
  providers: [UserGrants],
  exports: [UserGrants],
})
export class GrantsModule {}
