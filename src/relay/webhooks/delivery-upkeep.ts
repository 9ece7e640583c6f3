import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';
import { Deliveries } from './deliveries.js';

const EVERY_HOUR = '41 * * * *';

/** Applies the retention of deliveries, and erases personal data in them. */
@Injectable()
export class DeliveryUpkeep implements OnModuleInit {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly personalDataRegistry: PersonalDataRegistry,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.personalDataRegistry.register({
      name: 'webhookDeliveries',
      tables: ['webhook_deliveries', 'webhook_attempts'],
      export: (tx, userId) => this.deliveries.export(tx, userId),
      // A message that is still queued is composed when it is sent, without the erased data.
      erase: (tx, { id }) => this.deliveries.eraseResponses(tx, id),
    });
    this.jobs.handleOnSchedule(EVERY_HOUR, 'webhooks.retention', () => this.deliveries.removeExpired());
  }
}
