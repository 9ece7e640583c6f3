import type { Settings } from '../config/settings.js';

/** What the server stands on: settings that are complete, and where a person finds what they name. */
export interface Services {
  readonly settings: Settings;
  /** Where the mails can be read, if the development mailbox takes them. */
  readonly mailboxUrl: string | null;
  /** Where the database is, for a person. */
  readonly database: string;
  /** The command that opens it in a terminal, where it is one of our own. */
  readonly psql: string | null;
}

/** As in production, where the settings name every service. */
export function givenServices(settings: Settings): Services {
  return { settings, mailboxUrl: null, database: withoutPassword(settings.DATABASE_URL ?? ''), psql: null };
}

/** The address of a database, fit to be shown. */
export function withoutPassword(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || '5432'}${pathname}`;
}
