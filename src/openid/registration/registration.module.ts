import { Module } from '@nestjs/common';
import { RateLimitsModule } from '../../auth/rate-limits/rate-limits.module.js';
import { ClientsModule } from '../clients/clients.module.js';
import { ClientRegistrationController } from './registration.controller.js';

@Module({
  imports: [ClientsModule, RateLimitsModule],
  controllers: [ClientRegistrationController],
})
export class RegistrationModule {}
