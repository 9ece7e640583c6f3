import { Module, type OnModuleInit } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { EventsModule } from '../events/events.module.js';
import { DeadLetters } from './dead-letters.js';
import { KafkaSink } from './kafka/kafka-sink.js';
import { RabbitmqSink } from './rabbitmq/rabbitmq-sink.js';
import { RelayController } from './relay.controller.js';
import { RelayHealth } from './relay-health.js';
import { Relay } from './relay.js';

/** Events out of the process. Other modules add sinks with `Relay.addSink`. */
@Module({
  imports: [EventsModule],
  controllers: [RelayController],
  providers: [Relay, RelayHealth, DeadLetters],
  exports: [Relay],
})
export class RelayModule implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly relay: Relay,
  ) {}

  onModuleInit(): void {
    const { settings } = this;
    if (settings.KAFKA_BROKERS) this.relay.addSink(new KafkaSink(settings, settings.KAFKA_BROKERS));
    if (settings.AMQP_URL) this.relay.addSink(new RabbitmqSink(settings.AMQP_URL, settings.AMQP_EXCHANGE));
  }
}
