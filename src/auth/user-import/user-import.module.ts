import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { UsersModule } from '../../users/users.module.js';
import { InvitationModule } from '../invitation/invitation.module.js';
import { LinksModule } from '../one-time-tokens/links.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ImportController } from './import.controller.js';
import { ImportJob } from './import-job.js';
import { ImportedUsers } from './imported-users.js';
import { UserImports } from './user-imports.js';
import { ImportWelcome } from './welcome.js';

@Module({
  imports: [EventsModule, JobsModule, UsersModule, InvitationModule, LinksModule, SessionsModule],
  controllers: [ImportController],
  providers: [ImportedUsers, ImportWelcome, ImportJob, UserImports],
  exports: [ImportedUsers],
})
export class UserImportModule {}
