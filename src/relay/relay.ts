import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { EventFeed } from '../events/event-feed.js';
import { Sequencer } from '../events/sequencer.js';
import { InjectLog, type Log } from '../ops/log.js';
import { BEGIN } from './cursor.js';
import { Delivery } from './delivery.js';
import type { EventSink } from './event-sink.js';

/**
 * Sends every event to every sink, at least once and in order per user. Over all servers, one at a time sends to a sink; a sink
 * that is away makes only itself late.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sinks: EventSink[] = [];
  private deliveries: Delivery[] = [];

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly dataSource: DataSource,
    private readonly feed: EventFeed,
    private readonly sequencer: Sequencer,
  ) {}

  /** To be called before the application has started, such as in `onModuleInit`. */
  add(sink: EventSink): void {
    this.sinks.push(sink);
  }

  get names(): string[] {
    return this.sinks.map(({ name }) => name);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { settings, feed, log } = this;
    // Before anything else can happen, so that a new sink misses nothing that this server does.
    for (const { name } of this.sinks) await this.dataSource.query(BEGIN, [name, settings.RELAY_START]);
    const { positions } = this.sequencer;
    this.deliveries = this.sinks.map((sink) => new Delivery(sink, { settings, feed, positions, log }));
    for (const delivery of this.deliveries) delivery.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.deliveries.map((delivery) => delivery.stop()));
  }
}
