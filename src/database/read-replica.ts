import { Injectable, type OnApplicationShutdown, type Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { withDeadline } from '../async/deadline.js';
import { LruCache } from '../async/lru-cache.js';
import type { Settings } from '../config/settings.js';
import { dataSourceOptions } from './data-source.js';

const POOL_SIZE = 5;
/** A replica that is further behind is not read. */
const MOST_LAG_MS = 5000;
const CHECK_EVERY_MS = 1000;
const ANSWER_WITHIN_MS = 2000;
const CALLERS_REMEMBERED = 10_000;

/** A place in the write-ahead log of the primary, and when it was the end. */
interface Mark {
  readonly place: bigint;
  readonly at: number;
}

/**
 * A streaming standby at `READ_DATABASE_URL`, for reads that may be some moments old. It is asked every second, while it is read, how
 * far it is: where it lags, is away or belongs to another cluster, the primary is read instead.
 */
@Injectable()
export class ReadReplica implements OnApplicationShutdown {
  private readonly source: DataSource | undefined;
  private readonly changes = new LruCache<number>(CALLERS_REMEMBERED);
  private connecting: Promise<DataSource> | undefined;
  private marks: Mark[] = [];
  private checkedAt = Number.NEGATIVE_INFINITY;
  private checking: Promise<void> | undefined;
  /** Everything committed before is on the replica. */
  private freshAt = Number.NEGATIVE_INFINITY;
  private trouble: Error | undefined;

  constructor(
    { READ_DATABASE_URL, DATABASE_DIRECT_URL }: Settings,
    private readonly primary: DataSource,
    entities: readonly Type[],
  ) {
    if (READ_DATABASE_URL === undefined) return;
    const options = dataSourceOptions(READ_DATABASE_URL, POOL_SIZE, { pooled: DATABASE_DIRECT_URL !== undefined });
    this.source = new DataSource({ ...options, entities: [...entities] });
  }

  get isSet(): boolean {
    return this.source !== undefined;
  }

  /** Seconds for which it has not caught up at most; undefined before the first look. */
  get lagSeconds(): number | undefined {
    return Number.isFinite(this.freshAt) ? (performance.now() - this.freshAt) / 1000 : undefined;
  }

  /** What this caller reads next is to show what the caller has just changed. */
  noteChange(callerId: string): void {
    if (this.source) this.changes.set(callerId, performance.now());
  }

  /** The replica, if what it says is at most some seconds old, and nothing that the caller has just changed can be missing. */
  async forReader(callerId: string): Promise<DataSource | undefined> {
    if (!this.source) return undefined;
    const changedAt = this.changes.get(callerId) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - changedAt < MOST_LAG_MS) return undefined;
    const isKnown = performance.now() - this.checkedAt < MOST_LAG_MS;
    if (performance.now() - this.checkedAt > CHECK_EVERY_MS) {
      const check = this.look();
      // While it is read all the time, nobody waits for the check.
      if (!isKnown) await check;
    }
    return this.isUsable() ? this.source : undefined;
  }

  /** A read failed there. */
  leave(error: unknown): void {
    this.freshAt = Number.NEGATIVE_INFINITY;
    this.trouble = error instanceof Error ? error : new Error(String(error));
  }

  /** @throws Error saying why it is not read */
  async check(): Promise<void> {
    await this.look();
    if (this.isUsable()) return;
    throw this.trouble ?? new Error(`The read replica is more than ${MOST_LAG_MS / 1000} seconds behind`);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connecting?.then((source) => source.destroy()).catch(() => undefined);
  }

  private isUsable(): boolean {
    return performance.now() - this.freshAt < MOST_LAG_MS;
  }

  private look(): Promise<void> {
    this.checkedAt = performance.now();
    return (this.checking ??= withDeadline(ANSWER_WITHIN_MS, () => this.compare())
      .then(
        () => (this.trouble = undefined),
        (error: unknown) => this.leave(error),
      )
      .then(() => {
        this.checking = undefined;
      }));
  }

  private async compare(): Promise<void> {
    if (!this.source) return;
    const source = await (this.connecting ??= this.connect(this.source));
    const at = performance.now();
    const [here] = await this.primary.query<[{ place: string }]>('SELECT pg_current_wal_lsn()::text AS place');
    this.marks.push({ place: placeOf(here.place), at });
    const [there] = await source.query<[{ place: string }]>(
      // After a failover, the primary may be where the replica was.
      `SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS place`,
    );
    const reached = placeOf(there.place);
    for (const mark of this.marks) if (mark.place <= reached) this.freshAt = Math.max(this.freshAt, mark.at);
    this.marks = this.marks.filter(({ place }) => place > reached).slice(-Math.ceil(MOST_LAG_MS / CHECK_EVERY_MS));
  }

  private async connect(source: DataSource): Promise<DataSource> {
    try {
      await source.initialize();
      const [here, there] = await Promise.all(
        [this.primary, source].map((one) => one.query<[{ id: string }]>(CLUSTER)),
      );
      if (here?.[0].id === there?.[0].id) return source;
      throw new Error(
        'READ_DATABASE_URL leads to another cluster than DATABASE_URL: expected a streaming standby of it',
      );
    } catch (error) {
      if (source.isInitialized) await source.destroy();
      this.connecting = undefined;
      throw error;
    }
  }
}

const CLUSTER = 'SELECT system_identifier::text AS id FROM pg_control_system()';

/** A `pg_lsn` such as `16/B374D848`. */
function placeOf(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
