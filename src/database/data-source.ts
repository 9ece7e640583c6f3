import type pg from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { noteReadOnly } from './read-only.js';
import { type SessionKind, settleSession } from './session.js';

/** How Roster connects: what the server, the migrations and the tests share. */
export function dataSourceOptions(url: string, poolSize = 10, kind: SessionKind = {}): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'roster',
    connectTimeoutMS: 5000,
    // Over a pooler, which keeps no setting of a session, each transaction says so itself; else the session does, once.
    ...(kind.pooled && { isolationLevel: 'READ COMMITTED' }),
    extra: sessionOptions(kind),
    // The schema comes from migrations alone.
    synchronize: false,
  };
}

/** What every pool does with a new connection before it gives it out. */
export function sessionOptions(kind: SessionKind = {}): { readonly onConnect: (client: pg.ClientBase) => unknown } {
  return {
    // What it returns is waited for, though its type in pg does not say so.
    onConnect: (client) => {
      noteReadOnly(client);
      return settleSession(client, kind);
    },
  };
}

/** The pool of pg that TypeORM has made. */
export function poolOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { readonly master: pg.Pool }).master;
}
