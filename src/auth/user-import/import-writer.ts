import { breath } from '../../async/breath.js';
import { hmacWith } from '../../database/sealing.js';
import { OUTBOX_CHANNEL } from '../../events/sequencer.js';
import type { ImportGround } from './import-ground.js';
import { type EncodedRows, ImportRows, STAGING } from './import-rows.js';
import { NewImports, type NewImport } from './new-imports.js';
import type { Person } from './person-rules.js';
import { LineFault } from './source-person.js';

export interface Numbered {
  readonly line: number;
  readonly person: Person;
}

/** What became of a line. */
export type Written =
  | { readonly outcome: 'created'; readonly userId: string }
  | { readonly outcome: 'present' }
  | { readonly fault: LineFault };

/** What the database has of a batch already. */
interface Found {
  /** Of the ids at the source, in the order of the batch. */
  readonly hashes: readonly Buffer[];
  /** The runs that brought these ids, by their hashes. */
  readonly runs: ReadonlyMap<string, string>;
  /** Accounts at providers that users have. */
  readonly identities: ReadonlySet<string>;
}

/** A batch that is ready to be written. */
export interface PreparedBatch {
  /** What is known already of each, in the order of the batch; undefined of those in `fresh`. */
  readonly results: readonly (Written | undefined)[];
  readonly fresh: readonly { readonly place: number; readonly item: NewImport }[];
  readonly rows: EncodedRows;
  /** The ids at the source and the accounts at providers that it has, which the next batch must not have. */
  readonly ids: ReadonlySet<string>;
  readonly identities: ReadonlySet<string>;
}

/**
 * Writes imported users in batches: COPY into a staging table, from there into `users` what nobody else has, and for these by COPY
 * everything else. A batch is one transaction: all of it is there, or nothing.
 *
 * For each batch `look`, `prepare` and `write`, in this order. A batch may be prepared while the one before it is written.
 */
export class ImportWriter {
  private readonly made: NewImports;
  private readonly rows: ImportRows;

  constructor(
    private readonly ground: ImportGround,
    private readonly isDry: boolean,
  ) {
    this.made = new NewImports(ground);
    this.rows = new ImportRows(ground);
  }

  /** Makes the temporary tables, which end with the connection. */
  async open(): Promise<void> {
    await this.ground.client.query(
      this.isDry
        ? 'CREATE TEMP TABLE import_seen (key text PRIMARY KEY)'
        : `CREATE TEMP TABLE ${STAGING} (LIKE users INCLUDING DEFAULTS) ON COMMIT DELETE ROWS`,
    );
  }

  async look(batch: readonly Numbered[]): Promise<Found> {
    const hashes = batch.map(({ person }) => this.externalHash(person.externalId));
    return { hashes, runs: await this.known(hashes), identities: await this.takenIdentities(batch) };
  }

  /** @param before a batch that was prepared and is not written yet */
  async prepare(batch: readonly Numbered[], found: Found, before?: PreparedBatch): Promise<PreparedBatch> {
    const ids = new Set<string>();
    const identities = new Set([...found.identities, ...(before?.identities ?? [])]);
    const results: (Written | undefined)[] = [];
    const fresh: { place: number; item: NewImport }[] = [];
    for (const [place, { person }] of batch.entries()) {
      await breath(place);
      const hash = found.hashes[place] as Buffer;
      const key = hash.toString('hex');
      const runId = found.runs.get(key);
      const isTwice = ids.has(key) || before?.ids.has(key) || runId === this.ground.runId;
      ids.add(key);
      if (isTwice) results[place] = { fault: fault('duplicate-external-id', person) };
      else if (runId !== undefined) results[place] = { outcome: 'present' };
      else {
        const made = this.prepared(person, hash, identities);
        if (made instanceof LineFault) results[place] = { fault: made };
        else fresh.push({ place, item: made });
      }
    }
    const rows = this.isDry ? [] : await this.rows.encode(fresh.map(({ item }) => item));
    return { results, fresh, rows, ids, identities };
  }

  /** @returns what became of each, in the order of the batch */
  async write({ results: known, fresh, rows }: PreparedBatch): Promise<Written[]> {
    const items = fresh.map(({ item }) => item);
    const taken = await (this.isDry ? this.rehearse(items) : this.store(items, rows));
    const results = [...known];
    for (const { place, item } of fresh) {
      const code = taken.get(item.id);
      results[place] = code ? { fault: fault(code, item.person) } : { outcome: 'created', userId: item.id };
    }
    return results.map((result) => result ?? { outcome: 'present' });
  }

  private prepared(person: Person, hash: Buffer, identities: Set<string>): NewImport | LineFault {
    try {
      return this.made.of(person, hash, identities);
    } catch (error) {
      if (error instanceof LineFault) return error;
      throw error;
    }
  }

  /** @returns by id, why it was not written */
  private async store(items: readonly NewImport[], rows: EncodedRows): Promise<Map<string, TakenCode>> {
    const { client } = this.ground;
    if (items.length === 0) return new Map();
    await client.query('BEGIN');
    try {
      const there = await this.rows.insertUsers(client, rows);
      const taken = await this.reasons(items.filter(({ id }) => !there.has(id)));
      const created = items.filter(({ id }) => there.has(id));
      await this.rows.insertRest(client, created.length === items.length ? rows : await this.rows.encode(created));
      if (this.ground.invite) await this.welcome(created);
      await client.query('COMMIT');
      // Not within the transaction: it takes a lock of the whole instance until its transaction is on disk.
      await client.query(`NOTIFY ${OUTBOX_CHANNEL}`);
      return taken;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** A server sends the mails, now or when it is started. */
  private async welcome(created: readonly NewImport[]): Promise<void> {
    const ids = created
      .filter(({ person, password }) => person.email !== null && !password && !person.suspended)
      .map(({ id }) => id);
    if (ids.length === 0) return;
    await this.ground.client.query('SELECT graphile_worker.add_job($1, payload := $2::json)', [WELCOME_JOB, { ids }]);
  }

  private async reasons(missing: readonly NewImport[]): Promise<Map<string, TakenCode>> {
    if (missing.length === 0) return new Map();
    const { rows } = await this.ground.client.query<{ id: string; of_email: boolean }>(
      `SELECT id, EXISTS (SELECT FROM users WHERE users.email_key = staged.email_key AND NOT pending) AS of_email
       FROM ${STAGING} staged WHERE id = ANY ($1)`,
      [missing.map(({ id }) => id)],
    );
    return new Map(rows.map(({ id, of_email }) => [id, of_email ? 'email-taken' : 'username-taken']));
  }

  /** Without writing: what the database has, and what the file had before. */
  private async rehearse(items: readonly NewImport[]): Promise<Map<string, TakenCode>> {
    const taken = new Map<string, TakenCode>();
    const claims = items.flatMap(({ id, row, person }) => [
      { id, code: 'duplicate-external-id' as const, key: `x ${person.externalId}` },
      ...(row.emailKey === null ? [] : [{ id, code: 'email-taken' as const, key: `e ${row.emailKey}` }]),
      ...(row.usernameKey === null ? [] : [{ id, code: 'username-taken' as const, key: `u ${row.usernameKey}` }]),
    ]);
    const { rows } = await this.ground.client.query<{ key: string }>(REHEARSE, [claims.map(({ key }) => key)]);
    const seen = new Set(rows.map(({ key }) => key));
    for (const { id, code, key } of claims) {
      if (seen.has(key) && !taken.has(id)) taken.set(id, code);
      seen.add(key);
    }
    await this.ground.client.query('INSERT INTO import_seen SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [
      claims.filter(({ id }) => !taken.has(id)).map(({ key }) => key),
    ]);
    return taken;
  }

  /** The runs that brought these ids, by their hashes. */
  private async known(hashes: readonly Buffer[]): Promise<Map<string, string>> {
    const { rows } = await this.ground.client.query<{ external_hash: Buffer; run_id: string }>(
      'SELECT external_hash, run_id FROM imported_users WHERE external_hash = ANY ($1)',
      [hashes],
    );
    return new Map(rows.map((row) => [row.external_hash.toString('hex'), row.run_id]));
  }

  private async takenIdentities(batch: readonly Numbered[]): Promise<Set<string>> {
    const subjects = batch.flatMap(({ person }) => person.identities.map(({ subject }) => subject));
    if (subjects.length === 0) return new Set();
    const { rows } = await this.ground.client.query<{ key: string }>(
      `SELECT issuer || ' ' || subject AS key FROM identities WHERE subject = ANY ($1)`,
      [subjects],
    );
    return new Set(rows.map(({ key }) => key));
  }

  private externalHash(externalId: string): Buffer {
    const { secret } = this.ground.keyring.current('address');
    return hmacWith(secret).update(`import:${this.ground.source}:${externalId}`).digest();
  }
}

/** Mails imported users without a password how to choose one. */
export const WELCOME_JOB = 'users.welcome-imported';

type TakenCode = 'email-taken' | 'username-taken' | 'duplicate-external-id';

const MESSAGES: Readonly<Record<TakenCode, string>> = {
  'email-taken': 'The address belongs to another user, or to an earlier line of the file.',
  'username-taken': 'The username belongs to another user, or to an earlier line of the file.',
  'duplicate-external-id': 'An earlier line of the file has the same id.',
};

function fault(code: TakenCode, { externalId }: Person): LineFault {
  return new LineFault(code, MESSAGES[code], externalId);
}

const REHEARSE = `
  SELECT key FROM import_seen WHERE key = ANY ($1)
  UNION ALL SELECT 'e ' || email_key FROM users WHERE NOT pending AND email_key = ANY (
    SELECT substr(key, 3) FROM unnest($1::text[]) AS key WHERE key LIKE 'e %')
  UNION ALL SELECT 'u ' || username_key FROM users WHERE username_key = ANY (
    SELECT substr(key, 3) FROM unnest($1::text[]) AS key WHERE key LIKE 'u %')`;
