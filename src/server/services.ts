import type { Settings } from '../config/settings.js';

/** The services of a server: complete settings, and how a person reaches the services they name. */
export interface Services {
  readonly settings: Settings;
  /** The URL of the development mailbox, if it receives the mails. */
  readonly mailboxUrl: string | null;
  /** The location of the database, for display. */
  readonly database: string;
  /** The command that opens the embedded database in a terminal. */
  readonly psql: string | null;
}

/** As in production: the settings name every service. */
export function givenServices(settings: Settings): Services {
  return { settings, mailboxUrl: null, database: withoutPassword(settings.DATABASE_URL ?? ''), psql: null };
}

/** The address of a database without secrets. */
export function withoutPassword(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '5432'}${pathname}`;
}
