import { Module, type OnModuleInit } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { HealthChecks } from '../../ops/health-checks.js';
import { Metrics } from '../../ops/metrics.js';
import { Relay } from '../relay.js';
import { RelayModule } from '../relay.module.js';
import { Deliveries } from './deliveries.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveryOutcomes } from './delivery-outcomes.js';
import { DeliveryQueue } from './delivery-queue.js';
import { DeliveryUpkeep } from './delivery-upkeep.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { WebhookEndpoints } from './webhook-endpoints.js';
import { WebhookMessages } from './webhook-messages.js';
import { WebhookNotices } from './webhook-notices.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhookSink } from './webhook-sink.js';
import { WebhookTargets } from './webhook-targets.js';
import { WebhooksController } from './webhooks.controller.js';

@Module({
  imports: [EventsModule, JobsModule, RelayModule],
  controllers: [WebhooksController, DeliveriesController],
  providers: [
    WebhookEndpoints,
    WebhookSecrets,
    WebhookTargets,
    WebhookSender,
    WebhookMessages,
    WebhookNotices,
    WebhookSink,
    WebhookDispatcher,
    DeliveryQueue,
    DeliveryOutcomes,
    DeliveryUpkeep,
    Deliveries,
  ],
  exports: [WebhookNotices],
})
export class WebhooksModule implements OnModuleInit {
  constructor(
    private readonly relay: Relay,
    private readonly sink: WebhookSink,
    private readonly queue: DeliveryQueue,
    private readonly health: HealthChecks,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.relay.addSink(this.sink);
    this.health.registerFigure('webhooksWaiting', () => this.queue.countWaiting());
    this.metrics.gauge(
      { name: 'roster_webhooks_waiting', help: 'Deliveries that wait at enabled webhooks, counted to 10,000.' },
      async () => [{ value: await this.queue.countWaiting() }],
    );
  }
}
