import type { Type } from '@nestjs/common';
import { readEnvironment } from '../config/environment.js';
import { loadSettings, type Settings, type SETTINGS, SettingsError } from '../config/settings.js';
import type { Log } from '../ops/log.js';

type Name = keyof typeof SETTINGS;
/** Secrets may come from files. */
type SettingName = Name | { [N in Name]: (typeof SETTINGS)[N] extends { secret: true } ? `${N}_FILE` : never }[Name];

/** How another application embeds Roster. */
export interface RosterOptions {
  /**
   * The settings of `.env.example` by name, with the same defaults; if absent, they come from the environment and `.env`.
   * `DATABASE_URL`, `SECRET_KEY` and `SMTP_URL` are required; `PORT`, `HOST` and `DATA_DIR` are ignored.
   */
  readonly settings?: Readonly<Partial<Record<SettingName, string | number | boolean | undefined>>>;
  /** Whether pending migrations are applied at the start (default: true). If false, run `migrate` before each new release. */
  readonly migrate?: boolean;
  /** TypeORM entities that the application uses with `tx`; it manages their tables itself. */
  readonly entities?: readonly Type[];
  /** Roster's log (pino); default: JSON lines on the standard output. */
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
