import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { Identities } from './identities.js';

/** Below the flows: what proves an address for the first time also ends identities that somebody else may have linked. */
@Module({ imports: [EventsModule], providers: [Identities], exports: [Identities] })
export class IdentitiesModule {}
