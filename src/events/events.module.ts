import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EventLog } from './event-log.js';
import { UserEventHandlers } from './handlers.js';
import { PersonalData } from './personal-data.js';

@Module({
  imports: [DiscoveryModule],
  providers: [EventLog, PersonalData, UserEventHandlers],
  exports: [EventLog, PersonalData, UserEventHandlers],
})
export class EventsModule {}
