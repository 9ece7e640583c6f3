import type pg from 'pg';

const BATCH = 2000;

/** A read-only transaction that sees the database as it was at one moment; its queries take turns on one connection. */
export class Snapshot {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly client: pg.Client) {}

  static async begin(client: pg.Client): Promise<Snapshot> {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return new Snapshot(client);
  }

  async end(): Promise<void> {
    await this.query('COMMIT');
  }

  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]> {
    const rows = this.last.then(async () => (await this.client.query<Row>(sql, values)).rows);
    this.last = rows.catch(() => undefined);
    return rows;
  }

  /** How many events there are in all. */
  async countEvents(): Promise<number> {
    const [row] = await this.query<{ count: number }>('SELECT count(*)::float8 AS count FROM user_events');
    return row?.count ?? 0;
  }
}

/** Walks the rows of a query in constant memory, the next rows being fetched while these are worked on. */
export class RowReader<Row extends object> {
  private rows: Row[] = [];
  private index = 0;
  private following: Promise<Row[]>;

  private constructor(
    private readonly snapshot: Snapshot,
    private readonly name: string,
  ) {
    this.following = this.fetch();
  }

  static async open<Row extends object>(snapshot: Snapshot, name: string, sql: string): Promise<RowReader<Row>> {
    await snapshot.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`);
    return new RowReader<Row>(snapshot, name);
  }

  /** The row that is next, if it is at hand: false means to ask `peek`. */
  get atHand(): Row | false {
    return this.rows[this.index] ?? false;
  }

  /** The row that is next; undefined at the end. */
  async peek(): Promise<Row | undefined> {
    if (this.index === this.rows.length) {
      this.rows = await this.following;
      this.index = 0;
      if (this.rows.length > 0) this.following = this.fetch();
    }
    return this.rows[this.index];
  }

  /** Goes on to the row after. */
  advance(): void {
    this.index++;
  }

  private fetch(): Promise<Row[]> {
    const fetched = this.snapshot.query<Row>(`FETCH ${BATCH} FROM ${this.name}`);
    // Whoever asks for the rows gets the failure; nobody may ask any more.
    fetched.catch(() => undefined);
    return fetched;
  }
}
