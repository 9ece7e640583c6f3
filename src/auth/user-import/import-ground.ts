import type pg from 'pg';
import type { Actor } from '../../access/caller.js';
import type { ProviderSettings } from '../../config/provider-settings.js';
import type { Keyring } from '../../database/keyring.js';
import type { PersonalData } from '../../events/personal-data.js';

/** What an import works with. */
export interface ImportGround {
  /** Of its own, and no pooler's. */
  readonly client: pg.Client;
  readonly keyring: Keyring;
  readonly personalData: PersonalData;
  /** The columns of `users` that follow from the log: database names by property names. */
  readonly userColumns: ReadonlyMap<string, string>;
  readonly providers: readonly ProviderSettings[];
  readonly actor: Actor;
  readonly traceId: string;
  readonly source: string;
  readonly runId: string;
  /** Whether users without a password are mailed how to choose one. */
  readonly invite: boolean;
}

/** Takes the lock of imports for a connection; `free` is false while another has it. */
export const ONE_AT_A_TIME = `SELECT pg_try_advisory_lock(hashtextextended('user import', 3)) AS free`;
