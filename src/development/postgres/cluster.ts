import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { run, type RunAs } from './account.js';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';

const SUPERUSER = 'postgres';

/** A PostgreSQL data directory with the password that opens it. */
export interface Cluster {
  readonly dataDirectory: string;
  /** Of the superuser and of `roster` alike: two roles so that Roster works with ordinary rights, as in production. */
  readonly password: string;
  /** The file that holds it. */
  readonly passwordFile: string;
}

/**
 * The cluster in `location`, made by `initdb` if there is none. It is made aside and renamed, so that one whose making was
 * interrupted is never taken for whole; the caller holds the folder's lock.
 *
 * @throws EmbeddedPostgresError with the last lines of `initdb` when that fails
 */
export async function openCluster(
  location: string,
  account: RunAs,
  binaries: Binaries,
  options: { readonly sync: boolean; readonly onProgress: (message: string) => void },
): Promise<Cluster> {
  await removeUnfinished(location);
  const cluster = join(location, 'cluster');
  if (!existsSync(cluster)) {
    options.onProgress(`Preparing PostgreSQL ${binaries.version} in ${cluster} (first start only, some seconds)`);
    await makeCluster(location, cluster, account, binaries, options.sync);
  }
  const passwordFile = join(cluster, 'password');
  const password = (await readFile(passwordFile, 'utf8')).trim();
  return { dataDirectory: join(cluster, 'data'), password, passwordFile };
}

async function makeCluster(
  location: string,
  cluster: string,
  account: RunAs,
  binaries: Binaries,
  sync: boolean,
): Promise<void> {
  const unfinished = join(location, `init-${randomBytes(4).toString('hex')}`);
  const passwordFile = join(unfinished, 'password');
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account) {
    await chown(unfinished, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  const made = await run(account, binaries.initdb, [
    `--pgdata=${join(unfinished, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(sync ? [] : ['--no-sync']),
  ]);
  if (!made.ok) {
    await rm(unfinished, { recursive: true, force: true });
    throw new EmbeddedPostgresError(
      `PostgreSQL's initdb could not make a database in ${location}. It said:\n${lastLines(made.output)}\n${OR_SET_DATABASE_URL}`,
    );
  }
  await rename(unfinished, cluster);
}

async function removeUnfinished(location: string): Promise<void> {
  for (const name of await readdir(location)) {
    // An initdb that outlived its Roster may still be writing; what it leaves goes at the next start
    if (name.startsWith('init-')) {
      await rm(join(location, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
    }
  }
}

/** Makes the role and the database `roster` where they are missing, and returns the URL to connect to them. */
export async function ensureRosterDatabase(cluster: Pick<Cluster, 'password'>, port: number): Promise<string> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password: cluster.password,
    database: 'postgres',
    application_name: 'roster start',
  });
  await client.connect();
  try {
    const roles = await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'roster'");
    if (roles.rowCount === 0) {
      // CREATEDB: tests clone databases
      await client.query(`CREATE ROLE roster LOGIN CREATEDB PASSWORD ${client.escapeLiteral(cluster.password)}`);
    }
    const databases = await client.query("SELECT 1 FROM pg_database WHERE datname = 'roster'");
    if (databases.rowCount === 0) await client.query('CREATE DATABASE roster OWNER roster');
  } finally {
    await client.end();
  }
  return `postgres://roster:${cluster.password}@127.0.0.1:${port}/roster`;
}

/** The end of a program's output, short enough for an error message. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-15).join('\n');
}
