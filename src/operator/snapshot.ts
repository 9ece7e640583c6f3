import type pg from 'pg';

const BATCH = 2000;

/** A read-only transaction on a consistent snapshot of the database; its queries are queued on one connection. */
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

  /** The total number of events. */
  async countEvents(): Promise<number> {
    const [row] = await this.query<{ count: number }>('SELECT count(*)::float8 AS count FROM user_events');
    return row?.count ?? 0;
  }
}

/** Iterates over the rows of a query in constant memory, prefetching the next batch. */
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

  /** The next row, if it is already fetched; false means that `peek` has to fetch it. */
  get atHand(): Row | false {
    return this.rows[this.index] ?? false;
  }

  /** The next row; undefined at the end. */
  async peek(): Promise<Row | undefined> {
    if (this.index === this.rows.length) {
      this.rows = await this.following;
      this.index = 0;
      if (this.rows.length > 0) this.following = this.fetch();
    }
    return this.rows[this.index];
  }

  /** Moves to the next row. */
  advance(): void {
    this.index++;
  }

  private fetch(): Promise<Row[]> {
    const fetched = this.snapshot.query<Row>(`FETCH ${BATCH} FROM ${this.name}`);
    // The reader of the rows gets the error; there may be no reader any more.
    fetched.catch(() => undefined);
    return fetched;
  }
}
