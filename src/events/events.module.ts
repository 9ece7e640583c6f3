import { Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EventLog } from './event-log.js';
import { UserEventHandlers } from './handlers.js';
import { PersonalData } from './personal-data.js';
import { PersonalDataPlaces } from './personal-data-places.js';

@Module({
  imports: [DiscoveryModule],
  providers: [EventLog, PersonalData, PersonalDataPlaces, UserEventHandlers],
  exports: [EventLog, PersonalData, PersonalDataPlaces, UserEventHandlers],
})
export class EventsModule implements OnModuleInit {
  constructor(
    private readonly log: EventLog,
    private readonly personalData: PersonalData,
    private readonly places: PersonalDataPlaces,
  ) {}

  onModuleInit(): void {
    this.places.add({
      name: 'events',
      tables: ['user_events', 'user_keys'],
      export: (tx, userId) => this.log.read(tx, userId),
      erase: (tx, { id }) => this.personalData.destroy(tx, id),
    });
  }
}
