import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { PACKAGE_ROOT } from '../config/package-root.js';

/** How Roster connects: what the server, the migrations and the tests share. */
export function dataSourceOptions(url: string, poolSize = 10): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'roster',
    connectTimeoutMS: 5000,
    migrations: [join(PACKAGE_ROOT, 'dist/migrations/*.js')],
    migrationsTransactionMode: 'each',
    migrationsTableName: 'migrations',
    // The schema comes from migrations alone.
    synchronize: false,
  };
}
