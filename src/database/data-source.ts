import type pg from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { noteReadOnly } from './read-only.js';
import { type SessionKind, settleSession } from './session.js';

/** Connection options shared by the server, the migrations and the tests. */
export function dataSourceOptions(url: string, poolSize = 10, kind: SessionKind = {}): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'roster',
    connectTimeoutMS: 5000,
    // Through a pooler, which does not keep session settings, each transaction sets it; otherwise it is set once per session.
    ...(kind.pooled && { isolationLevel: 'READ COMMITTED' }),
    extra: sessionOptions(kind),
    // Only migrations change the schema.
    synchronize: false,
  };
}

/** Prepares each new connection of a pool. */
export function sessionOptions(kind: SessionKind = {}): { readonly onConnect: (client: pg.ClientBase) => unknown } {
  return {
    // pg awaits the result, although its type does not say so.
    onConnect: (client) => {
      noteReadOnly(client);
      return settleSession(client, kind);
    },
  };
}

/** The pg pool that TypeORM created. */
export function poolOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { readonly master: pg.Pool }).master;
}
