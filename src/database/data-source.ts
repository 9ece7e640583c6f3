import type { DataSourceOptions } from 'typeorm';

/** How Roster connects: what the server, the migrations and the tests share. */
export function dataSourceOptions(url: string, poolSize = 10): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'roster',
    connectTimeoutMS: 5000,
    // The schema comes from migrations alone.
    synchronize: false,
  };
}
