import { v7 as uuidv7 } from 'uuid';
import { searchColumnOf } from '../../src/users/aggregate/search-text.js';
import type { TestDatabase } from './database.js';

export interface GivenUser {
  readonly email?: string | null;
  readonly username?: string | null;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly nickname?: string | null;
  readonly pending?: boolean;
  readonly professional?: boolean;
  readonly suspendedAt?: Date;
  readonly deletedAt?: Date;
  readonly lockedUntil?: Date;
  readonly lastLoginAt?: Date | null;
  readonly createdAt: Date;
}

/**
 * Rows without events behind them, for tests of the list, which reads rows alone.
 * @returns their ids, in the same order
 */
export async function insertUserRows(database: TestDatabase, users: readonly GivenUser[]): Promise<string[]> {
  const rows = users.map((given) => {
    const named = { email: null, username: null, firstName: null, lastName: null, nickname: null, ...given };
    return { id: uuidv7(), ...named, search: searchColumnOf(named) };
  });
  await database.query(
    `INSERT INTO users (id, version, email, email_key, email_verified, username, username_key, first_name, last_name, nickname,
       is_professional, role, pending, suspended_at, deleted_at, created_at, updated_at, locked_until, last_login_at, search)
     SELECT id, 1, email, lower(email), NOT coalesce(pending, false), username, username, "firstName", "lastName", nickname,
       coalesce(professional, false), 'AUTHENTICATED', coalesce(pending, false), "suspendedAt", "deletedAt", "createdAt",
       "createdAt", "lockedUntil", "lastLoginAt", search
     FROM json_to_recordset($1) AS given (id uuid, email text, username text, "firstName" text, "lastName" text,
       nickname text, professional boolean, pending boolean, "suspendedAt" timestamptz, "deletedAt" timestamptz,
       "createdAt" timestamptz, "lockedUntil" timestamptz, "lastLoginAt" timestamptz, search text)`,
    [JSON.stringify(rows)],
  );
  return rows.map(({ id }) => id);
}
