import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import {
  type IRateLimiterStoreOptions,
  type RateLimiterAbstract,
  RateLimiterPostgres,
  RateLimiterRedis,
} from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { InjectLog, type Log } from '../../ops/log.js';

type Options = Omit<IRateLimiterStoreOptions, 'storeClient'>;

const ANSWER_WITHIN_MS = 500;

/** The shared store of rate limits: PostgreSQL, or Redis if `REDIS_URL` is set. */
@Injectable()
export class RateLimitStore implements OnApplicationBootstrap, OnApplicationShutdown {
  private redis: Redis | undefined;

  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly dataSource: DataSource,
  ) {}

  get enabled(): boolean {
    return this.settings.RATE_LIMIT_ENABLED;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { REDIS_URL } = this.settings;
    if (!this.enabled || REDIS_URL === undefined) return;
    // Loaded only if needed.
    const { Redis } = await import('ioredis');
    this.redis = new Redis(REDIS_URL, {
      keyPrefix: 'roster:',
      lazyConnect: true,
      enableOfflineQueue: false,
      commandTimeout: ANSWER_WITHIN_MS,
    });
    this.redis.on('error', (err) => this.log.warn({ err }, 'Redis unavailable'));
    // It keeps reconnecting from here on; meanwhile each replica counts locally.
    await this.redis.connect().catch(() => undefined);
  }

  limiter(options: Options): RateLimiterAbstract {
    if (this.redis) return new RateLimiterRedis({ ...options, storeClient: this.redis });
    return new RateLimiterPostgres({
      ...options,
      storeClient: this.dataSource,
      storeType: 'typeorm',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
    });
  }

  /** Redis expires keys itself. */
  async forgetExpired(): Promise<void> {
    await this.dataSource.query('DELETE FROM rate_limits WHERE expire < extract(epoch FROM now()) * 1000');
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}
