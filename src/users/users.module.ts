import { Module, type OnModuleInit } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { PersonalDataRegistry } from '../events/personal-data-registry.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { BulkActs } from './bulk/bulk-acts.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkRunner } from './bulk/bulk-runner.js';
import { BulkService } from './bulk/bulk.service.js';
import { UserPages } from './export/user-pages.js';
import { ExportUsersController } from './export/export-users.controller.js';
import { ContactsController } from './contacts/contacts.controller.js';
import { PastStates } from './history/past-states.js';
import { PersonalDataController } from './erasure/personal-data.controller.js';
import { RepeatedErasure } from './erasure/repeated-erasure.js';
import { Retention } from './erasure/retention.js';
import { SharedMailboxes } from './store/shared-mailboxes.js';
import { Snapshots } from './store/snapshots.js';
import { UserActions } from './api/user-actions.js';
import { UserActionsController } from './api/user-actions.controller.js';
import { UserEtags } from './api/user-etags.js';
import { UserHistoryController } from './history/user-history.controller.js';
import { UserHistory } from './history/user-history.js';
import { UserLookup } from './store/user-lookup.js';
import { Deletions } from './erasure/deletions.js';
import { UserEntity } from './store/user.entity.js';
import { UserStore } from './store/user-store.js';
import { UsersController } from './api/users.controller.js';
import { OwnChanges } from './list/own-changes.js';

@Module({
  imports: [EventsModule, JobsModule],
  controllers: [
    BulkController,
    ExportUsersController,
    UsersController,
    UserActionsController,
    UserHistoryController,
    PersonalDataController,
    ContactsController,
  ],
  providers: [
    UserStore,
    UserLookup,
    UserActions,
    UserEtags,
    UserHistory,
    OwnChanges,
    PastStates,
    Snapshots,
    Retention,
    RepeatedErasure,
    Deletions,
    SharedMailboxes,
    BulkActs,
    BulkRunner,
    UserPages,
    BulkService,
  ],
  exports: [UserStore, UserLookup, UserActions, UserHistory, Deletions],
})
export class UsersModule implements OnModuleInit {
  constructor(private readonly personalDataRegistry: PersonalDataRegistry) {}

  onModuleInit(): void {
    this.personalDataRegistry.register({
      name: 'snapshots',
      tables: ['user_snapshots'],
      // Snapshots repeat what the events hold.
      export: () => Promise.resolve([]),
      erase: async (tx, { id }) => {
        await tx.query('DELETE FROM user_snapshots WHERE user_id = $1', [id]);
      },
    });
    this.personalDataRegistry.register({
      name: 'profile',
      tables: ['users'],
      export: async (tx, id) => {
        const user = await tx.getRepository(UserEntity).findOneBy({ id });
        if (!user) return null;
        // The same values in normalised form, for lookups.
        const { emailKey: _, usernameKey: __, search: ___, ...facts } = user;
        return facts;
      },
      // The other columns follow from the log; these two are outside of it.
      erase: async (tx, { id }) => {
        await tx.query('UPDATE users SET last_login_at = NULL, locked_until = NULL WHERE id = $1', [id]);
      },
    });
  }
}
