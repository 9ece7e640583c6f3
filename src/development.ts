import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Settings } from './config/settings.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { startMailbox } from './mail/mailbox/mailbox.js';

export interface SettledSettings {
  readonly settings: Settings;
  /** Where the mails can be read, if the development mailbox takes them. */
  readonly mailboxUrl: string | null;
  /** Where the database is, for a person. */
  readonly database: string;
}

interface Cleanup {
  add(name: string, stop: () => Promise<void>): void;
}

/**
 * Fills in what the settings leave out with the parts for development: a real PostgreSQL and a real mailbox under `DATA_DIR`,
 * and a secret key that is kept there. Production has none of them: its settings are complete.
 */
export async function settle(
  settings: Settings,
  cleanup: Cleanup,
  progress: (text: string) => void,
): Promise<SettledSettings> {
  const dataDir = resolve(settings.DATA_DIR);
  let { DATABASE_URL, SMTP_URL, SECRET_KEY } = settings;
  let mailboxUrl: string | null = null;
  let database = DATABASE_URL === undefined ? '' : withoutPassword(DATABASE_URL);
  if (DATABASE_URL === undefined) {
    progress('Starting PostgreSQL ...');
    mkdirSync(dataDir, { recursive: true });
    const postgres = await startEmbeddedPostgres({ dataDir, onProgress: progress });
    cleanup.add('PostgreSQL', () => postgres.stop());
    DATABASE_URL = postgres.url;
    database = `${withoutPassword(postgres.url)} (its own, under ${settings.DATA_DIR})`;
  }
  SECRET_KEY ??= keptSecretKey(dataDir);
  if (SMTP_URL === undefined) {
    const mailbox = await startMailbox({ dataDir });
    cleanup.add('mailbox', () => mailbox.stop());
    SMTP_URL = mailbox.smtpUrl;
    mailboxUrl = mailbox.webUrl;
  }
  return { settings: { ...settings, DATABASE_URL, SMTP_URL, SECRET_KEY }, mailboxUrl, database };
}

/** The key of this data folder, made at its first start: a lost key loses every password and sealed value. */
function keptSecretKey(dataDir: string): string {
  const file = join(dataDir, 'secret-key');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    // Never overwrites: of two starts at once, the second reads what the first wrote.
    writeFileSync(file, randomBytes(48).toString('base64'), { mode: 0o600, flag: 'wx' });
  }
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

function withoutPassword(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '5432'}${pathname}`;
}
