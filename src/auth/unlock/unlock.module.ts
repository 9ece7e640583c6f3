import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LockoutModule } from '../lockout/lockout.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { EvidenceModule } from '../sign-in-evidence/evidence.module.js';
import { UnlockController } from './unlock.controller.js';
import { UnlockLinks } from './unlock-links.js';
import { UnlockService } from './unlock.service.js';

@Module({
  imports: [UsersModule, LockoutModule, LinksModule, EvidenceModule],
  controllers: [UnlockController],
  providers: [UnlockService, UnlockLinks],
  exports: [UnlockService, UnlockLinks],
})
export class UnlockModule {}
