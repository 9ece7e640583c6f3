import { Module, type OnModuleInit, type Type } from '@nestjs/common';
import type { EventSink, OutgoingEvent, Refusal } from '../../src/relay/event-sink.js';
import { RelayModule } from '../../src/relay/relay.module.js';
import { Relay } from '../../src/relay/relay.js';

/** A sink that keeps what it is given, and can be told to fail. */
export class CollectingSink implements EventSink {
  readonly batches: OutgoingEvent[][] = [];
  /** Thrown at every batch while it is set. */
  failure: Error | undefined;
  /** Why an event is refused for good; undefined: it is not. */
  refuse: (event: OutgoingEvent) => string | undefined = () => undefined;
  /** Awaited before a batch is confirmed. */
  hold: Promise<unknown> | undefined;
  attempts = 0;

  constructor(readonly name: string) {}

  get events(): OutgoingEvent[] {
    return this.batches.flat();
  }

  async publish(events: readonly OutgoingEvent[]): Promise<readonly Refusal[]> {
    this.attempts++;
    if (this.failure) throw this.failure;
    const refusals = events.flatMap((event) => {
      const reason = this.refuse(event);
      return reason === undefined ? [] : [{ eventId: event.id, reason }];
    });
    const refused = new Set(refusals.map(({ eventId }) => eventId));
    this.batches.push(events.filter(({ id }) => !refused.has(id)));
    await this.hold;
    return refusals;
  }

  /** To be given to `startRoster` as an extension. */
  get module(): Type {
    const add = (relay: Relay): void => relay.addSink(this);
    @Module({ imports: [RelayModule] })
    class SinkModule implements OnModuleInit {
      constructor(private readonly relay: Relay) {}

      onModuleInit(): void {
        add(this.relay);
      }
    }
    return SinkModule;
  }
}
