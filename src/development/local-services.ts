import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { sessionAddress } from '../database/addresses.js';
import { findRunningPostgres, startEmbeddedPostgres } from './postgres/embedded-postgres.js';
import { opensKeys } from '../database/keyring.js';
import { withOwn } from '../config/setting-origins.js';
import { secretKeyFileOf } from '../config/secret-key-file.js';
import { type Services, withoutPassword } from '../server/services.js';
import type { Shutdown } from '../server/shutdown.js';
import { startMailbox } from './mailbox/mailbox.js';

/**
 * Fills in missing settings with development services: a real PostgreSQL and mailbox under `DATA_DIR`, and a secret key stored
 * there. Never in production, where the settings are complete.
 */
export async function startLocalServices(
  given: Settings,
  shutdown: Shutdown,
  progress: (text: string) => void,
): Promise<Services> {
  const { settings: found, database, psql } = await startDatabase(given, shutdown, progress);
  const settings = await withDemoProvider(found, shutdown);
  if (settings.SMTP_URL !== undefined) return { settings, mailboxUrl: null, database, psql };
  const mailbox = await startMailbox({ dataDir: resolve(settings.DATA_DIR), onProgress: progress });
  shutdown.register('mailbox', () => mailbox.stop());
  return { settings: withOwn(settings, { SMTP_URL: mailbox.smtpUrl }), mailboxUrl: mailbox.webUrl, database, psql };
}

/** With `npm start` alone, and where no provider is set. */
async function withDemoProvider(settings: Settings, shutdown: Shutdown): Promise<Settings> {
  const isWanted = settings.NODE_ENV === 'development' && process.env['npm_lifecycle_event'] === 'start';
  if (!isWanted || settings.providers.length > 0) return settings;
  const { startDemoProvider } = await import('./identity-provider/demo-provider.js');
  const demo = await startDemoProvider(settings.PUBLIC_URL, settings.PORT);
  if (!demo) return settings;
  shutdown.register('demo provider', () => demo.stop());
  return withOwn(settings, { providers: [demo.settings] });
}

/** For an operator command: no mailbox, and the database of a running server, if there is one. */
export async function settingsForCommand(
  given: Settings,
  shutdown: Shutdown,
  progress: (text: string) => void,
): Promise<Settings> {
  const running = given.DATABASE_URL === undefined ? await findRunningPostgres(resolve(given.DATA_DIR)) : undefined;
  const joined = running === undefined ? given : { ...given, DATABASE_URL: running };
  return (await startDatabase(joined, shutdown, progress)).settings;
}

/** For `doctor`, which starts and makes nothing: with the database that runs here and the key that is kept, if there are any. */
export async function runningServices(given: Settings): Promise<Settings> {
  const DATABASE_URL = given.DATABASE_URL ?? (await findRunningPostgres(resolve(given.DATA_DIR)));
  const kept = secretKeyFileOf(given);
  if (DATABASE_URL === undefined || !kept?.exists) return withOwn(given, { DATABASE_URL });
  const url = sessionAddress({ ...given, DATABASE_URL });
  return withOwn(given, {
    DATABASE_URL,
    SECRET_KEY: given.SECRET_KEY ?? (await kept.read((key) => opensKeys(url, key))),
  });
}

async function startDatabase(
  settings: Settings,
  shutdown: Shutdown,
  progress: (text: string) => void,
): Promise<Omit<Services, 'mailboxUrl'>> {
  const dataDir = resolve(settings.DATA_DIR);
  let { DATABASE_URL } = settings;
  let database = DATABASE_URL === undefined ? '' : withoutPassword(DATABASE_URL);
  let psql: string | null = null;
  if (DATABASE_URL === undefined) {
    progress('Starting PostgreSQL ...');
    mkdirSync(dataDir, { recursive: true });
    const postgres = await startEmbeddedPostgres({ dataDir, onProgress: progress });
    shutdown.register('PostgreSQL', () => postgres.stop());
    DATABASE_URL = postgres.url;
    database = `${withoutPassword(postgres.url)} (its own, under ${settings.DATA_DIR})`;
    psql = psqlCommand(postgres.url, postgres.passwordFile);
  }
  const url = sessionAddress({ ...settings, DATABASE_URL });
  const SECRET_KEY = settings.SECRET_KEY ?? (await secretKeyFileOf(settings)?.read((key) => opensKeys(url, key)));
  return { settings: withOwn(settings, { DATABASE_URL, SECRET_KEY }), database, psql };
}

/** Reads the password from its file, because the summary is often shown to others. */
function psqlCommand(url: string, passwordFile: string): string {
  const { hostname, port, username, pathname } = new URL(url);
  const file = `'${passwordFile.replaceAll("'", "'\\''")}'`;
  return `PGPASSWORD=$(cat ${file}) psql -h ${hostname} -p ${port} -U ${username} ${pathname.slice(1)}`;
}
