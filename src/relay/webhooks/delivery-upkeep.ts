import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';
import { Deliveries } from './deliveries.js';

const EVERY_HOUR = '41 * * * *';

/** Keeps the record of deliveries no longer than it should be, and nothing in it of who was erased. */
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
      // What is still to be sent is made when it is sent, of what is left by then.
      erase: (tx, { id }) => this.deliveries.forgetAnswers(tx, id),
    });
    this.jobs.handleAt(EVERY_HOUR, 'webhooks.retention', () => this.deliveries.removeOld());
  }
}
