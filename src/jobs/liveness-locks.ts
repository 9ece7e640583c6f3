import type pg from 'pg';
import { StandbyAnswered } from '../database/read-only.js';
import type { Log } from '../ops/log.js';

const RENEW_EVERY_MS = 15_000;

/**
 * Shortens the lease of jobs: those of a killed process are retried within seconds rather than after graphile-worker's four hours.
 * Every process holds an advisory lock in the name of its worker pool, which the database frees with the connection. A process that
 * finds jobs leased to a pool whose lock is free releases them.
 */
export class LivenessLocks {
  private readonly pools = new Set<string>();
  private connection: Promise<pg.PoolClient> | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly ended = new AbortController();

  constructor(
    private readonly pool: pg.Pool,
    private readonly log: Log,
  ) {
    this.timer = setInterval(() => void this.renewAndReleaseDead(), RENEW_EVERY_MS);
    this.timer.unref();
  }

  /** Locks this worker pool as live, until `stop` or the end of the process, and releases the jobs of dead pools. */
  async lockPool(poolId: string): Promise<void> {
    this.pools.add(poolId);
    await this.renewAndReleaseDead();
  }

  async stop(): Promise<void> {
    this.ended.abort();
    clearInterval(this.timer);
    const connection = this.connection;
    this.connection = undefined;
    (await connection?.catch(() => undefined))?.release(true);
  }

  private async renewAndReleaseDead(): Promise<void> {
    if (this.isEnded()) return;
    const connection = (this.connection ??= this.connect());
    try {
      const client = await connection;
      const { rows } = await client.query<{ standby: boolean }>(LOCK_POOLS, [[...this.pools]]);
      if (rows.some(({ standby }) => standby)) throw new StandbyAnswered();
      await client.query(RELEASE_DEAD, [[...this.pools]]);
    } catch (err) {
      this.dropConnection(connection);
      if (!this.isEnded()) this.log.warn({ err }, 'could not renew the liveness locks of the job queue; retrying');
    }
  }

  private isEnded(): boolean {
    return this.ended.signal.aborted;
  }

  private connect(): Promise<pg.PoolClient> {
    const connection = this.pool.connect();
    void connection.then(
      (client) =>
        client.on('error', () => {
          this.dropConnection(connection);
          void this.renewAndReleaseDead();
        }),
      () => undefined,
    );
    return connection;
  }

  /** A lost connection has to be released, or it keeps its place in the pool for good. */
  private dropConnection(connection: Promise<pg.PoolClient>): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    void connection.then(
      (client) => client.release(true),
      () => undefined,
    );
  }
}

// Tries rather than waits: the database may not have noticed yet that our old connection is lost. Locking twice does no harm.
const LOCK_POOLS = `
  SELECT pg_try_advisory_lock(hashtextextended(id, 1)), pg_is_in_recovery() AS standby FROM unnest($1::text[]) AS id`;

const RELEASE_DEAD = `
  WITH dead AS MATERIALIZED (
    SELECT id FROM (SELECT DISTINCT locked_by AS id FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL) AS owner
    WHERE id <> ALL ($1::text[]) AND pg_try_advisory_xact_lock(hashtextextended(id, 1)))
  SELECT graphile_worker.force_unlock_workers(array_agg(id)), pg_notify('jobs:insert', '{"count": 4}')
  FROM dead HAVING count(*) > 0`;
