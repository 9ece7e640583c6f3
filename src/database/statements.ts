import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';

/** A statement that is asked so often that its parsing counts. */
export interface Statement {
  /** One name, one text: PostgreSQL prepares it once for each connection. */
  readonly name: string;
  readonly text: string;
}

/**
 * The few statements that most requests come down to, outside any transaction: prepared, and over the pool of the data source
 * without the way through TypeORM, which costs more than all of PostgreSQL's work for one row.
 */
@Injectable()
export class Statements {
  private readonly pool: Pick<pg.Pool, 'query'>;
  private readonly prepare: boolean;

  constructor(@InjectSettings() settings: Settings, dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { readonly master: pg.Pool }).master;
    // A direct address is given where a pooler stands before the other, and one that pools transactions forgets what was prepared.
    this.prepare = settings.DATABASE_DIRECT_URL === undefined;
  }

  /** @throws what PostgreSQL or the connection to it says */
  async run<Row extends object>({ name, text }: Statement, values: readonly unknown[]): Promise<pg.QueryResult<Row>> {
    return this.pool.query<Row>({ ...(this.prepare && { name }), text, values: [...values] });
  }
}
