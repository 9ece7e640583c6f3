import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { recordedLocation } from './location.js';

/**
 * The URL of the embedded PostgreSQL that another Roster runs on this folder just now, for commands beside a running server;
 * undefined when none runs.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | undefined> {
  try {
    const cluster = join(await recordedLocation(join(dataDir, 'postgres')), 'cluster');
    const password = (await readFile(join(cluster, 'password'), 'utf8')).trim();
    // Its lines: process, data directory, start time, port, ...
    const port = Number((await readFile(join(cluster, 'data/postmaster.pid'), 'utf8')).split('\n')[3]);
    const connectionString = `postgres://roster:${password}@127.0.0.1:${port}/roster`;
    const client = new Client({ connectionString });
    await client.connect();
    await client.end();
    return connectionString;
  } catch {
    return undefined;
  }
}
