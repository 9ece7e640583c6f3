import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { ContactConfirmationController } from './contact-confirmation.controller.js';
import { ContactConfirmationService } from './contact-confirmation.service.js';
import { ContactConfirmationLinks } from './contact-confirmation-links.js';

@Module({
  imports: [UsersModule, LinksModule],
  controllers: [ContactConfirmationController],
  providers: [ContactConfirmationService, ContactConfirmationLinks],
  exports: [ContactConfirmationService],
})
export class ContactConfirmationModule {}
