import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { poolOf } from './data-source.js';
import { LookupConnection } from './lookup-connection.js';
import { inSomeOrder } from './transaction.js';

/** A statement that is asked so often that its parsing counts. */
export interface Statement {
  /** One name, one text: PostgreSQL prepares it once for each connection. */
  readonly name: string;
  readonly text: string;
}

const CONNECT_WITHIN_MS = 5000;
/** Far longer than a row takes to be found by its key. */
const ANSWER_WITHIN_MS = 5000;

/**
 * The few statements that most requests come down to, outside any transaction: prepared, and without the way through TypeORM,
 * which costs more than all of PostgreSQL's work for one row.
 */
@Injectable()
export class Statements implements OnApplicationShutdown {
  private readonly pool: Pick<pg.Pool, 'query'>;
  private readonly reads: LookupConnection;
  private readonly prepare: boolean;

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
    // A direct address is given where a pooler stands before the other, and one that pools transactions forgets what was prepared.
    this.prepare = !pooled;
  }

  /**
   * For statements that find a few rows by a key and wait for no lock: all of them share a connection, on which nobody waits for the
   * answer to the one before. To take a connection of the pool and give it back costs more.
   * @throws what PostgreSQL or the connection to it says
   */
  async read<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return (await this.reads.query<Row>(this.prepared(statement, values))).rows;
  }

  /**
   * For a statement that changes something, or that waits.
   * @throws what PostgreSQL or the connection to it says
   */
  async execute<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return (await inSomeOrder(() => this.pool.query<Row>(this.prepared(statement, values)))).rows;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reads.end();
  }

  private prepared({ name, text }: Statement, values: readonly unknown[]): pg.QueryConfig {
    return { ...(this.prepare && { name }), text, values: [...values] };
  }
}
