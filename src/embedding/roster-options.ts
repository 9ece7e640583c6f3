import type { Type } from '@nestjs/common';
import { readEnvironment } from '../config/environment.js';
import { loadSettings, type Settings, type SETTINGS, SettingsError } from '../config/settings.js';
import type { Log } from '../ops/log.js';

type Name = keyof typeof SETTINGS;
/** A secret may come from a file. */
type SettingName = Name | { [N in Name]: (typeof SETTINGS)[N] extends { secret: true } ? `${N}_FILE` : never }[Name];

/** How another application embeds Roster. */
export interface RosterOptions {
  /**
   * The settings of `.env.example`, by their names and with their defaults; without this, those of the environment and `.env`.
   * `DATABASE_URL`, `SECRET_KEY` and `SMTP_URL` are needed; `PORT`, `HOST` and `DATA_DIR` mean nothing here.
   */
  readonly settings?: Readonly<Partial<Record<SettingName, string | number | boolean | undefined>>>;
  /** Whether the schema is brought up to date at the start (true). Without it, somebody runs `migrate` before each new release. */
  readonly migrate?: boolean;
  /** TypeORM entities of the application that it reads and writes with `tx`; their tables are its own matter. */
  readonly entities?: readonly Type[];
  /** Roster's log (pino); without it, JSON lines on the standard output. */
  readonly log?: Log;
}

const NEEDED = {
  DATABASE_URL: 'the embedded PostgreSQL belongs to the server',
  SECRET_KEY: 'generate one with: openssl rand -base64 48',
  SMTP_URL: 'the development mailbox belongs to the server',
} as const;

/** @throws SettingsError naming all that is wrong at once */
export function settingsFrom({ settings }: RosterOptions): Settings {
  const given = settings
    ? Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value?.toString()]))
    : readEnvironment();
  const loaded = loadSettings(given);
  const missing = Object.entries(NEEDED).filter(([name]) => loaded[name as keyof typeof NEEDED] === undefined);
  if (missing.length > 0)
    throw new SettingsError(missing.map(([name, why]) => `${name}: required for embedding (${why})`));
  return loaded;
}
