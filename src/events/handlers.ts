import { Injectable, type OnModuleInit, SetMetadata } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Transaction } from '../database/transaction.js';
import type { UserEventType } from './catalogue.js';
import { causedByEvent } from '../tracing/event-spans.js';
import { asHandlerRefusal } from './event-errors.js';
import { type DecoratedMethod, findDecoratedMethods } from './decorated-methods.js';
import type { UserEvent } from './user-event.js';

const HANDLES_METADATA = 'roster:handles-user-event';

/**
 * Calls this provider's method with `(event, tx)` inside the transaction that makes the change. Throwing refuses the whole
 * change. Do database work only: what leaves the process becomes a job, added with the same `tx`.
 * @param types the event types to be called for; none means every event
 */
export function OnUserEvent(...types: UserEventType[]): MethodDecorator {
  return SetMetadata(HANDLES_METADATA, types);
}

/** Finds the `@OnUserEvent` methods of the application and calls them in the order of the modules. */
@Injectable()
export class UserEventHandlers implements OnModuleInit {
  private readonly handlers: DecoratedMethod<readonly UserEventType[]>[] = [];
  private complete = false;

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    this.addFrom(this.discovery);
    this.complete = true;
  }

  /** Adds handlers of the host application's providers, before this one has started. */
  addFrom(discovery: DiscoveryService): void {
    this.handlers.push(...findDecoratedMethods<readonly UserEventType[]>(discovery, HANDLES_METADATA));
  }

  /**
   * Calls every handler, one after the other.
   * @throws RefusedByHandler with the handler's message, or the problem that it throws itself
   */
  async dispatch(events: readonly UserEvent[], tx: Transaction): Promise<void> {
    // A change before the handlers are known would skip its mail.
    if (!this.complete) throw new Error('Users can be changed from onApplicationBootstrap on, not before');
    for (const event of events) {
      for (const { metadata: types, call } of this.handlers) {
        if (types.length > 0 && !types.includes(event.type)) continue;
        try {
          await causedByEvent(event, () => call(event, tx));
        } catch (error) {
          throw asHandlerRefusal(error);
        }
      }
    }
  }
}
