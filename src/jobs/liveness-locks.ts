import type pg from 'pg';
import { refuseStandby } from '../database/read-only.js';
import type { Log } from '../ops/log.js';

const CHECK_EVERY_MS = 15_000;

/**
 * Jobs that a killed process had in hand go on at once rather than after graphile-worker's four hours: every process holds an
 * advisory lock in the name of its worker pool, which the database releases with the connection, and whoever finds a job
 * locked by a pool whose lock is free gives the job back.
 */
export class LivenessLocks {
  private readonly pools = new Set<string>();
  private holder: Promise<pg.PoolClient> | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly ended = new AbortController();

  constructor(
    private readonly pool: pg.Pool,
    private readonly log: Log,
  ) {
    this.timer = setInterval(() => void this.check(), CHECK_EVERY_MS);
    this.timer.unref();
  }

  /** Shows that this worker pool lives, until `stop` or the end of the process; then looks for dead ones. */
  async hold(poolId: string): Promise<void> {
    this.pools.add(poolId);
    await this.check();
  }

  async stop(): Promise<void> {
    this.ended.abort();
    clearInterval(this.timer);
    const holder = this.holder;
    this.holder = undefined;
    (await holder?.catch(() => undefined))?.release(true);
  }

  private async check(): Promise<void> {
    if (this.isEnded()) return;
    const holder = (this.holder ??= this.connect());
    try {
      const client = await holder;
      await refuseStandby(client);
      await client.query(HOLD, [[...this.pools]]);
      await client.query(UNLOCK_DEAD, [[...this.pools]]);
    } catch (err) {
      this.letGo(holder);
      if (!this.isEnded()) this.log.warn({ err }, 'the job queue could not be checked; trying again soon');
    }
  }

  private isEnded(): boolean {
    return this.ended.signal.aborted;
  }

  private connect(): Promise<pg.PoolClient> {
    const holder = this.pool.connect();
    void holder.then(
      (client) =>
        client.on('error', () => {
          this.letGo(holder);
          void this.check();
        }),
      () => undefined,
    );
    return holder;
  }

  /** A lost connection that is not given back would keep its place in the pool for good. */
  private letGo(holder: Promise<pg.PoolClient>): void {
    if (this.holder !== holder) return;
    this.holder = undefined;
    void holder.then(
      (client) => client.release(true),
      () => undefined,
    );
  }
}

// Trying, not waiting: the database may still believe in our lost connection. Taking a lock that is held already is no harm.
const HOLD = 'SELECT pg_try_advisory_lock(hashtextextended(id, 1)) FROM unnest($1::text[]) AS id';

const UNLOCK_DEAD = `
  WITH dead AS MATERIALIZED (
    SELECT id FROM (SELECT DISTINCT locked_by AS id FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL) AS owner
    WHERE id <> ALL ($1::text[]) AND pg_try_advisory_xact_lock(hashtextextended(id, 1)))
  SELECT graphile_worker.force_unlock_workers(array_agg(id)) FROM dead HAVING count(*) > 0`;
