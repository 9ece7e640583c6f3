import type { Duplex } from 'node:stream';
import pg from 'pg';
import { waitAtMost } from '../async/pause.js';
import { refuseStandby } from './read-only.js';
import { type SessionKind, settleSession } from './session.js';

const END_WITHIN_MS = 1000;
const LOOK_WHERE_EVERY_MS = 1000;

/**
 * A dedicated connection for lookups that must not wait for the pool. It is opened on first use and reopened when lost.
 */
export class LookupConnection {
  private client: Promise<pg.Client> | undefined;
  private gathering: Duplex | undefined;
  private lookedWhereAt = Number.NEGATIVE_INFINITY;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly kind: SessionKind = {},
  ) {}

  /**
   * Retries once if the connection turns out to be lost; for read-only statements.
   * @throws the error of PostgreSQL or the connection
   */
  async query<Row extends object>(query: pg.QueryConfig, again = true): Promise<pg.QueryResult<Row>> {
    const isNew = this.client === undefined;
    const client = (this.client ??= this.connect());
    try {
      const connected = await client;
      this.lookWhere(client, connected);
      this.gather(connected);
      return await this.inTurn(() => connected.query<Row>(query));
    } catch (error) {
      void this.drop(client);
      // A connection that was cut while idle is only noticed now.
      if (again && !isNew) return this.query(query, false);
      throw error;
    }
  }

  async end(): Promise<void> {
    if (this.client) await this.drop(this.client);
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ keepAlive: true, ...this.config });
    // The next query reports it.
    client.on('error', () => undefined);
    await client.connect();
    try {
      await settleSession(client, this.kind);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }

  /** One after the other unless in pipeline mode: `pg` is giving up to keep queries that come while another is under way. */
  private async inTurn<Result>(send: () => Promise<Result>): Promise<Result> {
    if (this.config.pipeline === true) return send();
    const sent = this.turn.then(send);
    this.turn = sent.catch(() => undefined);
    return sent;
  }

  /** What is asked in one turn of the event loop goes out in one packet: a system call for each took a tenth of a read. */
  private gather({ connection: { stream } }: pg.Client): void {
    if (this.gathering === stream) return;
    this.gathering = stream;
    stream.cork();
    setImmediate(() => {
      this.gathering = undefined;
      stream.uncork();
    });
  }

  /** Disconnects from a standby, whose data may be stale; after pending answers, and without making anybody wait. */
  private lookWhere(client: Promise<pg.Client>, connected: pg.Client): void {
    const now = performance.now();
    if (now - this.lookedWhereAt < LOOK_WHERE_EVERY_MS) return;
    this.lookedWhereAt = now;
    refuseStandby(connected).catch(() => this.drop(client));
  }

  private async drop(client: Promise<pg.Client>): Promise<void> {
    if (this.client === client) this.client = undefined;
    const ended = client.then((one) => one.end()).catch(() => undefined);
    // On a dead network, closing a connection is never confirmed.
    await waitAtMost(END_WITHIN_MS, ended);
  }
}
