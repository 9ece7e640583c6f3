import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { EventFeed } from '../events/event-feed.js';
import { Sequencer } from '../events/sequencer.js';
import { InjectLog, type Log } from '../ops/log.js';
import { INSERT_SINK_POSITION } from './sink-position.js';
import { SinkPublisher } from './sink-publisher.js';
import type { EventSink } from './event-sink.js';

/**
 * Publishes every event to every sink, at least once and in order per user. Of all servers, one at a time publishes to a sink. A sink
 * that fails delays no other.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly sinks: EventSink[] = [];
  private publishers: SinkPublisher[] = [];

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly dataSource: DataSource,
    private readonly feed: EventFeed,
    private readonly sequencer: Sequencer,
  ) {}

  /** To be called before the application has started, such as in `onModuleInit`. */
  addSink(sink: EventSink): void {
    this.sinks.push(sink);
  }

  get sinkNames(): string[] {
    return this.sinks.map(({ name }) => name);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { settings, feed, log } = this;
    // First of all, so that a new sink misses no event of this server.
    for (const { name } of this.sinks) await this.dataSource.query(INSERT_SINK_POSITION, [name, settings.RELAY_START]);
    const { positions } = this.sequencer;
    this.publishers = this.sinks.map((sink) => new SinkPublisher(sink, { settings, feed, positions, log }));
    for (const publisher of this.publishers) publisher.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.publishers.map((publisher) => publisher.stop()));
  }
}
