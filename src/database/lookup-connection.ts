import pg from 'pg';
import { waitAtMost } from '../async/pause.js';
import { refuseStandby } from './read-only.js';
import { type SessionKind, settleSession } from './session.js';

const END_WITHIN_MS = 1000;
const LOOK_WHERE_EVERY_MS = 1000;

/**
 * One connection beside the pool, for looking things up without waiting for those who have the pool. It is made when it is first
 * needed, and again when it was lost.
 */
export class LookupConnection {
  private client: Promise<pg.Client> | undefined;
  private lookedWhereAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly kind: SessionKind = {},
  ) {}

  /**
   * Asks a second time when the connection turns out to be lost: for statements that change nothing.
   * @throws what PostgreSQL or the connection to it says
   */
  async query<Row extends object>(query: pg.QueryConfig, again = true): Promise<pg.QueryResult<Row>> {
    const isNew = this.client === undefined;
    const client = (this.client ??= this.connect());
    try {
      const connected = await client;
      this.lookWhere(client, connected);
      return await connected.query<Row>(query);
    } catch (error) {
      void this.drop(client);
      // A connection that was cut while nobody asked says so only now.
      if (again && !isNew) return this.query(query, false);
      throw error;
    }
  }

  async end(): Promise<void> {
    if (this.client) await this.drop(this.client);
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ keepAlive: true, ...this.config });
    // Whoever asks next finds out.
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

  /** Leaves a standby, where a lookup finds what was: behind the answers that are under way, so that nobody waits for it. */
  private lookWhere(client: Promise<pg.Client>, connected: pg.Client): void {
    const now = performance.now();
    if (now - this.lookedWhereAt < LOOK_WHERE_EVERY_MS) return;
    this.lookedWhereAt = now;
    refuseStandby(connected).catch(() => this.drop(client));
  }

  private async drop(client: Promise<pg.Client>): Promise<void> {
    if (this.client === client) this.client = undefined;
    const ended = client.then((one) => one.end()).catch(() => undefined);
    // Over a dead network the end of a connection is never confirmed.
    await waitAtMost(END_WITHIN_MS, ended);
  }
}
