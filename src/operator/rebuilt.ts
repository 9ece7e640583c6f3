import type pg from 'pg';
import { EVENT_COLUMNS, type EventRow } from '../events/event-log.js';
import type { WrappedUserKey } from '../events/personal-data.js';
import { Chain } from './chain.js';
import type { Fault } from './fault.js';
import { type StoredUser, storedUserOf } from './walk.js';
import type { OperatorContext } from './operator-context.js';

/** A user whose row differs, rebuilt from the log. */
interface RebuiltUser {
  readonly id: string;
  readonly version: number;
  /** Undefined if there should be none. */
  readonly row: StoredUser | undefined;
  /** Whether unique columns differ: such rows are merged first and together, as two users may have swapped values. */
  readonly identifiers: boolean;
}

const BATCH = 1000;

/** A temporary table with the rows to be merged into `users`; it is dropped with its connection. */
export class Rebuilt {
  private waiting: RebuiltUser[] = [];
  private readonly columns: readonly string[];

  private constructor(
    private readonly operator: OperatorContext,
    private readonly client: pg.Client,
  ) {
    this.columns = [...operator.userColumns.values()].map((column) => `"${column}"`);
  }

  static async make(operator: OperatorContext, client: pg.Client): Promise<Rebuilt> {
    await client.query('CREATE TEMPORARY TABLE rebuilt_users (LIKE users INCLUDING DEFAULTS, PRIMARY KEY (id))');
    await client.query(`
      CREATE TEMPORARY TABLE users_to_merge (
        id uuid PRIMARY KEY, version integer NOT NULL, identifiers boolean NOT NULL, merged boolean NOT NULL DEFAULT false)`);
    return new Rebuilt(operator, client);
  }

  async add(user: RebuiltUser): Promise<void> {
    if (this.waiting.push(user) >= BATCH) await this.flush();
  }

  /** @returns how many there are */
  async finish(): Promise<number> {
    await this.flush();
    await this.client.query('ANALYZE rebuilt_users');
    const { rows } = await this.client.query<{ count: number }>('SELECT count(*)::int AS count FROM users_to_merge');
    return rows[0]?.count ?? 0;
  }

  /** The next users, which count as merged from now on. */
  async next(limit: number): Promise<string[]> {
    const { rows } = await this.client.query<{ id: string }>(
      `UPDATE users_to_merge SET merged = true WHERE id IN (
         SELECT id FROM users_to_merge WHERE NOT merged ORDER BY identifiers DESC, id LIMIT $1) RETURNING id`,
      [limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Rebuilds users whose log has grown, then updates the rows of these users, except for columns outside the log. */
  async merge(ids: readonly string[], refused: Fault[]): Promise<void> {
    const broken = await this.catchUp(ids);
    refused.push(...broken);
    const settled = ids.filter((id) => !broken.some(({ userId }) => userId === id));
    const list = this.columns.join(', ');
    const of = (table: string) => this.columns.map((column) => `${table}.${column}`).join(', ');
    // Clears unique columns first, so that two rows can swap values.
    await this.client.query(
      `UPDATE users SET email_key = NULL, username_key = NULL FROM rebuilt_users AS rebuilt
       WHERE users.id = rebuilt.id AND users.id = ANY ($1) AND (users.email_key, users.username_key, users.pending)
         IS DISTINCT FROM (rebuilt.email_key, rebuilt.username_key, rebuilt.pending)`,
      [settled],
    );
    await this.client.query(
      'DELETE FROM users WHERE id = ANY ($1) AND NOT EXISTS (SELECT FROM rebuilt_users AS rebuilt WHERE rebuilt.id = users.id)',
      [settled],
    );
    await this.client.query(
      `UPDATE users SET (${list}) = ROW (${of('rebuilt')}) FROM rebuilt_users AS rebuilt
       WHERE users.id = rebuilt.id AND users.id = ANY ($1)`,
      [settled],
    );
    await this.client.query(
      `INSERT INTO users (${list}) SELECT ${list} FROM rebuilt_users WHERE id = ANY ($1) ON CONFLICT (id) DO NOTHING`,
      [settled],
    );
  }

  private async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    const batch = this.waiting;
    this.waiting = [];
    await this.insertRows(batch.flatMap(({ row }) => row ?? []));
    await this.client.query(
      `INSERT INTO users_to_merge (id, version, identifiers)
       SELECT * FROM unnest($1::uuid[], $2::int[], $3::boolean[])`,
      [batch.map(({ id }) => id), batch.map(({ version }) => version), batch.map(({ identifiers }) => identifiers)],
    );
  }

  private async insertRows(rows: readonly StoredUser[]): Promise<void> {
    const list = this.columns.join(', ');
    await this.client.query(
      `INSERT INTO rebuilt_users (${list}) SELECT ${list} FROM json_populate_recordset(NULL::users, $1)`,
      [JSON.stringify(rows)],
    );
  }

  /** Rebuilds those users again whose log has grown meanwhile. */
  private async catchUp(ids: readonly string[]): Promise<Fault[]> {
    const { rows } = await this.client.query<{ id: string }>(
      `SELECT id FROM users_to_merge WHERE id = ANY ($1) AND EXISTS (
         SELECT FROM user_events AS event WHERE event.user_id = users_to_merge.id AND event.user_version > version)`,
      [ids],
    );
    const broken: Fault[] = [];
    for (const { id } of rows) {
      const chain = await this.chainOf(id);
      const [fault] = chain.faults;
      if (fault) {
        broken.push(fault);
        continue;
      }
      const row = chain.state && storedUserOf(chain.state, this.operator.userColumns);
      await this.client.query('DELETE FROM rebuilt_users WHERE id = $1', [id]);
      if (row) await this.insertRows([row]);
    }
    return broken;
  }

  private async chainOf(id: string): Promise<Chain> {
    const { keyring, personalData } = this.operator;
    const keys = await this.client.query<WrappedUserKey>('SELECT * FROM user_keys WHERE user_id = $1', [id]);
    const events = await this.client.query<EventRow>(
      `SELECT ${EVENT_COLUMNS.join(', ')} FROM user_events WHERE user_id = $1 ORDER BY user_version`,
      [id],
    );
    const chain = new Chain(id, keys.rows[0], keyring, personalData);
    for (const event of events.rows) chain.add(event);
    chain.end();
    return chain;
  }
}
