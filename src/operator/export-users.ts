import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { foreignHashText } from '../auth/passwords/foreign/parse-foreign.js';
import { isForeign, openForeign } from '../auth/passwords/foreign/sealed-foreign.js';
import type { Keyring } from '../database/keyring.js';
import { PROFILE_FIELDS } from '../events/catalogue.js';
import { statusOf } from '../users/api/user.response.js';
import { csvLine } from '../users/export/csv.js';
import { UserPages } from '../users/export/user-pages.js';
import type { UserEntity } from '../users/store/user.entity.js';
import type { OperatorContext } from './operator-context.js';

export interface ExportOptions {
  /** The file to make, which only its owner may read; none for the standard output. */
  readonly out?: string | undefined;
  readonly format: 'csv' | 'ndjson';
  /** Those of imported passwords are as they came; those of Roster can be imported where its keys are. */
  readonly withHashes: boolean;
}

const FIELDS = ['id', 'email', 'emailVerified', 'username', ...PROFILE_FIELDS, 'role', 'status'] as const;

/** Writes everybody, as `GET /users/export` does, in a form that can be imported. @returns how many */
export async function exportUsers(context: OperatorContext, options: ExportOptions): Promise<number> {
  const pages = new UserPages(context.transactions);
  const { format, withHashes } = options;
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    if (format === 'csv') yield `${[...FIELDS, ...(withHashes ? ['passwordHash'] : [])].join(',')}\r\n`;
    for await (const page of pages.all()) {
      const hashes = withHashes ? await hashesOf(context, page) : undefined;
      count += page.length;
      yield page.map((user) => lineOf(user, format, hashes)).join('');
    }
  }
  const target =
    options.out === undefined ? process.stdout : createWriteStream(options.out, { mode: 0o600, flags: 'wx' });
  await pipeline(Readable.from(lines()), target, { end: options.out !== undefined });
  return count;
}

async function hashesOf({ transactions, keyring }: OperatorContext, page: readonly UserEntity[]) {
  const rows = await transactions.run((tx) =>
    tx.query<{ user_id: string; hash: string }[]>(
      'SELECT user_id, hash FROM password_credentials WHERE user_id = ANY ($1)',
      [page.map(({ id }) => id)],
    ),
  );
  return new Map(rows.map(({ user_id, hash }) => [user_id, plainHash(keyring, hash)]));
}

function plainHash(keyring: Keyring, stored: string): string {
  return isForeign(stored) ? foreignHashText(openForeign(keyring, stored)) : stored;
}

function lineOf(user: UserEntity, format: ExportOptions['format'], hashes?: ReadonlyMap<string, string>): string {
  const status = statusOf(user, new Date());
  const values = FIELDS.map((field) => (field === 'status' ? status : user[field]));
  const hash = hashes ? [hashes.get(user.id) ?? null] : [];
  if (format === 'csv') return csvLine([...values, ...hash]);
  const named = FIELDS.map((field, place) => [field, values[place]] as const);
  return `${JSON.stringify(Object.fromEntries([...named, ...hash.map((one) => ['passwordHash', one] as const)]))}\n`;
}
