import type { Resolver } from 'node:dns/promises';
import type pg from 'pg';
import type { Environment } from '../../config/secret-files.js';
import type { Settings } from '../../config/settings.js';
import type { Finding } from './finding.js';

/** What the checks look at. */
export interface Ground {
  readonly settings: Settings;
  readonly environment: Environment;
  /** What is wrong with the settings, as the start would say; `settings` are then those without the wrong ones. */
  readonly problems: readonly string[];
  /** Of `--dns`, or of the machine. */
  readonly resolver: Resolver;
  /** Whether `resolver` was named by `--dns`: names are then looked up there, not in the machine's hosts file. */
  readonly hasOwnDns: boolean;
  /** The address of `--mail`. */
  readonly mailTo?: string | undefined;
  /** The connection to the database, from the check that opened it on. */
  client?: pg.Client;
  /** Whether the schema is there. */
  hasSchema?: boolean;
  /** To be called at the end. */
  readonly ends: (() => Promise<void>)[];
}

export interface Check {
  readonly about: string;
  /** What a person who waits is told. */
  readonly asks: (ground: Ground) => string;
  readonly withinMs: number;
  /** True for a check that is left out while there is no connection to the database. */
  readonly needsDatabase?: true;
  readonly run: (ground: Ground) => Promise<readonly Finding[]>;
}
