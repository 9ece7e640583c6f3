import { Injectable, type OnApplicationBootstrap, SetMetadata } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { HttpException } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import { postgresCode } from '../database/transaction.js';
import { DomainError } from '../http/domain-error.js';
import type { UserEventType } from './catalogue.js';
import { RefusedByHandler } from './event-errors.js';
import type { UserEvent } from './user-event.js';

const HANDLES_METADATA = 'roster:handles-user-event';

type Handler = (event: UserEvent, tx: Transaction) => Promise<void> | void;

/**
 * Calls this provider's method with `(event, tx)` inside the transaction that makes the change. Throwing refuses the whole
 * change. Do database work only: what leaves the process becomes a job, added with the same `tx`.
 * @param types the event types to be called for; none means every event
 */
export function OnUserEvent(...types: UserEventType[]): MethodDecorator {
  return SetMetadata(HANDLES_METADATA, types);
}

/** Finds every `@OnUserEvent` method of the application and calls them in the order of the modules. */
@Injectable()
export class UserEventHandlers implements OnApplicationBootstrap {
  private readonly handlers: { readonly types: readonly UserEventType[]; readonly call: Handler }[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      const provider = instance as Record<string, unknown>;
      const prototype = Object.getPrototypeOf(provider) as object | null;
      if (!prototype) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const method = provider[name];
        if (typeof method !== 'function') continue;
        const types = this.reflector.get<UserEventType[] | undefined>(HANDLES_METADATA, method);
        if (types) this.handlers.push({ types, call: method.bind(provider) as Handler });
      }
    }
  }

  /**
   * Tells every handler, one after the other.
   * @throws RefusedByHandler with the handler's message, or the problem that it throws itself
   */
  async dispatch(events: readonly UserEvent[], tx: Transaction): Promise<void> {
    for (const event of events) {
      for (const { types, call } of this.handlers) {
        if (types.length > 0 && !types.includes(event.type)) continue;
        try {
          await call(event, tx);
        } catch (error) {
          throw refusal(error);
        }
      }
    }
  }
}

function refusal(error: unknown): unknown {
  const isOurs = error instanceof DomainError || error instanceof HttpException;
  // A fault of the database is not a handler's "no", and its text is not for callers.
  if (isOurs || postgresCode(error) !== undefined || !(error instanceof Error)) return error;
  return new RefusedByHandler(error.message, { cause: error });
}
