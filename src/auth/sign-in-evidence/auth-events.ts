import { Injectable, type OnModuleInit, SetMetadata } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { v7 as uuidv7 } from 'uuid';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { type DecoratedMethod, findDecoratedMethods } from '../../events/decorated-methods.js';
import { clientNetwork } from '../../access/client-network.js';
import type { AuthEvent, AuthEventType, NewAuthEvent } from './auth-event.js';
import { recordAuthEvent } from './record-auth-event.js';

const HANDLES_METADATA = 'roster:handles-auth-event';

/** Calls this provider's method with `(event, tx)` in the transaction that records an event of these types. */
export function OnAuthEvent(...types: AuthEventType[]): MethodDecorator {
  return SetMetadata(HANDLES_METADATA, types);
}

/** An event whose row is part of another statement. */
export interface PreparedAuthEvent {
  /** Of the parameters of `recordAuthEvent`. */
  readonly values: readonly unknown[];
  /** Calls the handlers with `tx`. */
  readonly handle: (tx: Transaction, occurredAt: Date) => Promise<void>;
}

const RECORD = recordAuthEvent(1);

/** Maximum rows per minute for refusals of one kind to one actor, regardless of the users concerned. */
const DENIALS_A_MINUTE = 16;
/** The same for rate limits of one route hit by anonymous clients, regardless of their networks. */
const LIMITS_A_MINUTE = 64;

/**
 * Sign-in evidence (OWASP ASVS 5.0 V16.3): kept for `AUTH_EVENT_RETENTION`, outside the user log and its versions, since attackers
 * cause much of it. Events that can be repeated at will are one row a minute with a count, so that nobody can make the table grow
 * without bound.
 */
@Injectable()
export class AuthEvents implements OnModuleInit {
  private handlers: DecoratedMethod<readonly AuthEventType[]>[] = [];

  constructor(
    private readonly keyring: Keyring,
    private readonly transactions: Transactions,
    private readonly discovery: DiscoveryService,
  ) {}

  onModuleInit(): void {
    this.handlers = findDecoratedMethods<readonly AuthEventType[]>(this.discovery, HANDLES_METADATA);
  }

  /**
   * Records the event and calls the handlers, both with `tx`. A handler that throws rolls back everything: there is no session
   * without evidence.
   * @param tx undefined for standalone evidence, such as a refusal, which is committed here
   */
  async record(tx: Transaction | undefined, event: NewAuthEvent): Promise<void> {
    if (tx) await this.write(tx, event);
    else await this.transactions.run((own) => this.write(own, event));
  }

  /**
   * For a statement that records the event by `recordAuthEvent` beside its own work.
   * @returns its values, and what calls the handlers once it was recorded
   */
  prepare(event: NewAuthEvent): PreparedAuthEvent {
    const id = uuidv7();
    return {
      values: this.valuesOf(id, event),
      handle: async (tx, occurredAt) => {
        const recorded: AuthEvent = { ...event, id, occurredAt };
        for (const { metadata: types, call } of this.handlers) if (types.includes(event.type)) await call(recorded, tx);
      },
    };
  }

  private async write(tx: Transaction, event: NewAuthEvent): Promise<void> {
    const { values, handle } = this.prepare(event);
    const [row] = await tx.query<[{ recordedAt: Date }]>(RECORD, [...values]);
    await handle(tx, row.recordedAt);
  }

  private valuesOf(id: string, event: NewAuthEvent): readonly unknown[] {
    const { type, userId, context, sessionId, method, reason, what, occurredAt } = event;
    const { actor, ip, userAgent, traceId } = context;
    const by = actor.kind === 'user' ? actor : undefined;
    return [
      id,
      type,
      userId,
      by?.id ?? null,
      by?.role ?? null,
      sessionId ?? null,
      method ?? null,
      reason ?? null,
      what ?? null,
      ip,
      userAgent,
      traceId,
      occurredAt ?? null,
      this.minuteOf(event),
      event.times ?? 1,
    ];
  }

  /** The key under which events share one row a minute; null for events that cannot be repeated at will. */
  private minuteOf({ type, userId, context, method, what = '' }: NewAuthEvent): Buffer | null {
    const { actor, ip } = context;
    const mac = (...parts: string[]): Buffer =>
      hmacWith(this.keyring.current('sign-in-evidence').secret).update(parts.join('\0')).digest();
    const share = (of: string, count: number): string => String(mac(of).readUInt8() % count);
    // There are unlimited unknown names, so they are counted by client.
    if (type === 'login.failed' || type === 'second_factor.required')
      return mac(type, method ?? '', userId ?? `nobody ${clientNetwork(ip)}`);
    if (type === 'limit.exceeded') {
      return mac(type, what, actor.kind === 'user' ? actor.id : share(clientNetwork(ip), LIMITS_A_MINUTE));
    }
    if (actor.kind !== 'user') return null;
    if (type === 'access.granted') return mac(type, actor.id, what, userId ?? '');
    return type === 'access.denied' ? mac(type, actor.id, what, share(userId ?? '', DENIALS_A_MINUTE)) : null;
  }
}
