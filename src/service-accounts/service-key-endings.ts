import { Injectable, type OnModuleInit } from '@nestjs/common';
import { afterCommit, type Transaction } from '../database/transaction.js';
import { Revocations } from '../auth/sessions/revocations.js';
import { OnUserEvent } from '../events/handlers.js';
import { PersonalDataRegistry } from '../events/personal-data-registry.js';
import type { UserEvent, UserEventOf } from '../events/user-event.js';
import { ServiceKeys } from './service-keys.js';

/** Ends keys with their account, however that ended, and has this server hear at once of what the others are told. */
@Injectable()
export class ServiceKeyEndings implements OnModuleInit {
  constructor(
    private readonly keys: ServiceKeys,
    private readonly revocations: Revocations,
    private readonly registry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'serviceKeys',
      tables: ['service_keys'],
      export: (tx, id) => this.keys.ofAccount(tx, id),
      erase: (tx, { id }) => this.keys.removeAll(tx, id),
    });
  }

  /** A restoration does not bring them back. */
  @OnUserEvent('user.deleted')
  async retireAll({ userId }: UserEventOf<'user.deleted'>, tx: Transaction): Promise<void> {
    await this.keys.retireAll(tx, userId);
  }

  @OnUserEvent('user.key_retired', 'user.scope_changed', 'user.suspended', 'user.deleted')
  noteAtOnce(_event: UserEvent, tx: Transaction): void {
    afterCommit(tx, this.revocations.expire);
  }
}
