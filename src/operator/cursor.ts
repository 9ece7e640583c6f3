import type pg from 'pg';

const BATCH = 2000;

/** Walks the rows of a query in constant memory, the next rows being fetched while these are worked on. */
export class Cursor<Row extends object> {
  private rows: Row[] = [];
  private index = 0;
  private following: Promise<Row[]>;

  private constructor(
    private readonly client: pg.Client,
    private readonly name: string,
  ) {
    this.following = this.fetch();
  }

  /** @param client inside a transaction, whose snapshot the rows are of */
  static async open<Row extends object>(client: pg.Client, name: string, sql: string): Promise<Cursor<Row>> {
    await client.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`);
    return new Cursor<Row>(client, name);
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
    const fetched = this.client.query<Row>(`FETCH ${BATCH} FROM ${this.name}`).then(({ rows }) => rows);
    // Whoever asks for the rows gets the failure; nobody may ask any more.
    fetched.catch(() => undefined);
    return fetched;
  }
}
