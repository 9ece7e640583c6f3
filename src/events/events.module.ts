import { Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AccessModule } from '../access/access.module.js';
import { forThePerson } from './catalogue.js';
import { EventFeed } from './event-feed.js';
import { EventHistory } from './event-history.js';
import { EventLog } from './event-log.js';
import { EventMetrics } from './event-metrics.js';
import { EventSearch } from './event-search.js';
import { EventStream } from './event-stream.js';
import { EventsController } from './events.controller.js';
import { UserEventHandlers } from './handlers.js';
import { PersonalData } from './personal-data.js';
import { PersonalDataRegistry } from './personal-data-registry.js';
import { Sequencer } from './sequencer.js';

@Module({
  imports: [DiscoveryModule, AccessModule],
  controllers: [EventsController],
  providers: [
    EventLog,
    EventHistory,
    PersonalData,
    PersonalDataRegistry,
    UserEventHandlers,
    Sequencer,
    EventFeed,
    EventSearch,
    EventStream,
    EventMetrics,
  ],
  exports: [EventLog, EventHistory, PersonalData, PersonalDataRegistry, UserEventHandlers, Sequencer, EventFeed],
})
export class EventsModule implements OnModuleInit {
  constructor(
    private readonly log: EventLog,
    private readonly personalData: PersonalData,
    private readonly personalDataRegistry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.personalDataRegistry.register({
      name: 'events',
      tables: ['user_events', 'user_keys'],
      export: async (tx, userId, reader) => {
        const events = await this.log.read(tx, userId);
        return reader === 'staff' ? events : events.map(forThePerson);
      },
      erase: (tx, { id }) => this.personalData.destroy(tx, id),
    });
  }
}
