import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { RestorationController } from './restoration.controller.js';
import { RestorationService } from './restoration.service.js';

@Module({
  imports: [UsersModule, LinksModule],
  controllers: [RestorationController],
  providers: [RestorationService],
})
export class RestorationModule {}
