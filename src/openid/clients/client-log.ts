import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Actor, RequestContext } from '../../access/caller.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageQuery } from '../../http/pagination/page.dto.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import type { ClientSettings } from './client.js';
import { ClientNotFound } from './client-errors.js';

export const CLIENT_EVENT_TYPES = [
  'client.created',
  'client.updated',
  'client.deleted',
  'client.secret_rotated',
] as const;
export type ClientEventType = (typeof CLIENT_EVENT_TYPES)[number];

/** The old and new value of each setting that changed. */
export type SettingChanges = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

/** What was done to a client; never with a secret. */
export type NewClientEvent = { readonly clientId: string } & (
  | { readonly type: 'client.created'; readonly data: ClientSettings }
  | { readonly type: 'client.updated'; readonly data: { readonly changes: SettingChanges } }
  | { readonly type: 'client.deleted'; readonly data: { readonly name: string } }
  | { readonly type: 'client.secret_rotated'; readonly data: { readonly previousSecretUntil: string | null } }
);

export interface ClientEvent {
  readonly id: string;
  readonly clientId: string;
  readonly type: ClientEventType;
  readonly data: Readonly<Record<string, unknown>>;
  readonly actor: Actor;
  readonly traceId: string;
  readonly occurredAt: Date;
}

interface EventRow {
  readonly id: string;
  readonly client_id: string;
  readonly type: ClientEventType;
  readonly data: Readonly<Record<string, unknown>>;
  readonly actor_kind: Actor['kind'];
  readonly actor_id: string | null;
  readonly actor_role: string | null;
  readonly trace_id: string;
  readonly occurred_at: Date;
}

/** Who did what to which client. Append-only; the log of a client outlives it. */
@Injectable()
export class ClientLog {
  constructor(private readonly transactions: Transactions) {}

  async record(tx: Transaction, { clientId, type, data }: NewClientEvent, context: RequestContext): Promise<void> {
    const { actor, traceId } = context;
    const by = actor.kind === 'user' ? actor : undefined;
    await tx.query(
      `INSERT INTO client_events (id, client_id, type, actor_kind, actor_id, actor_role, trace_id, data)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [uuidv7(), clientId, type, actor.kind, by?.id ?? null, by?.role ?? null, traceId, JSON.stringify(data)],
    );
  }

  /** One page of a client's log, the newest first, also after the client was deleted. @throws ClientNotFound if there was none */
  async page(clientId: string, query: PageQuery): Promise<PageRead<ClientEvent>> {
    const [known] = await this.transactions.run((tx) =>
      tx.query<unknown[]>('SELECT FROM client_events WHERE client_id = $1 LIMIT 1', [clientId]),
    );
    if (known === undefined) throw new ClientNotFound();
    return newestFirst<EventRow, ClientEvent>(query, {
      sort: '-occurredAt',
      filters: { client: clientId },
      isKey: isInstantKey,
      place: (row) => ({ key: row.occurred_at.toISOString(), id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `AND (occurred_at, id) ${from.comparison} ($3::timestamptz, $4::uuid)` : '';
        return this.transactions.run((tx) =>
          tx.query<EventRow[]>(
            `SELECT * FROM client_events WHERE client_id = $1 ${side} ORDER BY occurred_at ${order}, id ${order} LIMIT $2`,
            [clientId, limit, ...(from ? [from.place.key, from.place.id] : [])],
          ),
        );
      },
      item: toEvent,
    });
  }
}

function toEvent(row: EventRow): ClientEvent {
  const { actor_kind: kind, actor_id: id, actor_role: role } = row;
  return {
    id: row.id,
    clientId: row.client_id,
    type: row.type,
    data: row.data,
    actor: (kind === 'user' ? { kind, id, role } : { kind }) as Actor,
    traceId: row.trace_id,
    occurredAt: row.occurred_at,
  };
}
