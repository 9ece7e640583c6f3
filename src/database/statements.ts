import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { poolOf } from './data-source.js';
import { LookupConnection } from './lookup-connection.js';
import { RENEWED_AFTER } from './prepared.js';
import { inSomeOrder } from './transaction.js';

/** A statement so frequent that its parsing time matters. */
export interface Statement {
  /** One name, one text: PostgreSQL prepares it for each connection, and anew after some uses. */
  readonly name: string;
  readonly text: string;
}

const CONNECT_WITHIN_MS = 5000;
/** Far longer than a lookup by key takes. */
const ANSWER_WITHIN_MS = 5000;

/**
 * The few statements behind most requests, outside any transaction: prepared, and bypassing TypeORM, whose overhead exceeds
 * PostgreSQL's work for one row.
 */
@Injectable()
export class Statements implements OnApplicationShutdown {
  private readonly pool: Pick<pg.Pool, 'query'>;
  private readonly reads: LookupConnection;
  private readonly prepare: boolean;
  private readonly names = new Map<string, { name: string; uses: number }>();

  constructor(@InjectSettings() settings: Settings, dataSource: DataSource) {
    this.pool = poolOf(dataSource);
    const pooled = settings.DATABASE_DIRECT_URL !== undefined;
    this.reads = new LookupConnection(
      {
        connectionString: settings.DATABASE_URL,
        application_name: 'roster reads',
        connectionTimeoutMillis: CONNECT_WITHIN_MS,
        query_timeout: ANSWER_WITHIN_MS,
        pipeline: true,
      },
      { pooled },
    );
    // A direct address is only set if the other one leads to a pooler; in transaction mode that loses prepared statements.
    this.prepare = !pooled;
  }

  /**
   * For statements that find a few rows by key and wait for no lock: they are pipelined on one shared connection, which is cheaper
   * than acquiring and releasing one of the pool.
   * @throws the error of PostgreSQL or the connection
   */
  async read<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return (await this.reads.query<Row>(this.prepared(statement, values))).rows;
  }

  /**
   * For a statement that changes something, or that waits.
   * @throws the error of PostgreSQL or the connection
   */
  async execute<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return (await inSomeOrder(() => this.pool.query<Row>(this.prepared(statement, values)))).rows;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reads.end();
  }

  private prepared({ name, text }: Statement, values: readonly unknown[]): pg.QueryConfig {
    return { ...(this.prepare && { name: this.nameOf(name) }), text, values: [...values] };
  }

  /** Another one whenever it is to be prepared anew: see `RENEWED_AFTER`. */
  private nameOf(name: string): string {
    const known = this.names.get(name) ?? { name, uses: 0 };
    if (known.uses === 0) this.names.set(name, known);
    known.uses++;
    if (RENEWED_AFTER.includes(known.uses)) known.name = `${name}, renewed after ${known.uses}`;
    return known.name;
  }
}
