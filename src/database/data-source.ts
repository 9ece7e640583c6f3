import pg from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { beginWithFirstStatement } from './begin.js';
import { PreparedNames, prepareRecurring } from './prepared.js';
import { noteReadOnly } from './read-only.js';
import { type SessionKind, settleSession } from './session.js';

/** Connection options shared by the server, the migrations and the tests. */
export function dataSourceOptions(url: string, poolSize = 10, kind: SessionKind = {}): DataSourceOptions {
  return {
    type: 'postgres',
    // TypeORM would look for a copy of its own beside the bundle.
    driver: pg,
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
  const names = new PreparedNames();
  return {
    // pg awaits the result, although its type does not say so.
    onConnect: (client) => {
      noteReadOnly(client);
      if (!kind.pooled && !kind.patient) {
        beginWithFirstStatement(client);
        prepareRecurring(client, names);
      }
      return settleSession(client, kind);
    },
  };
}

/** The pg pool that TypeORM created. */
export function poolOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { readonly master: pg.Pool }).master;
}
