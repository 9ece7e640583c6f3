import { type DynamicModule, Module, type OnApplicationShutdown, type OnModuleInit, type Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../config/clock.js';
import type { Settings } from '../config/settings.js';
import { HealthChecks } from '../ops/health-checks.js';
import { Metrics } from '../ops/metrics.js';
import { dataSourceOptions, poolOf } from './data-source.js';
import { pendingMigrations } from './migrate.js';
import { DatabaseTime } from './database-time.js';
import { Keyring } from './keyring.js';
import { leaveReadOnly } from './read-only.js';
import { ReadReplica } from './read-replica.js';
import { Statements } from './statements.js';
import { retryingStatements, Transactions } from './transaction.js';

const POOL_SIZE = 10;

/** The one data source that all modules share, its transactions and the key ring. */
@Module({})
export class DatabaseModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    private readonly health: HealthChecks,
    private readonly keyring: Keyring,
    private readonly replica: ReadReplica,
    metrics: Metrics,
  ) {
    // Registered first, as metrics are read in order: queries of the others are not counted.
    const pool = poolOf(dataSource);
    leaveReadOnly(pool);
    const connections = {
      name: 'roster_database_connections',
      help: 'Connections of the pool.',
      ofWorkers: 'sum',
    } as const;
    metrics.gauge({ ...connections, labels: ['state'] }, () => [
      { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
      { labels: { state: 'idle' }, value: pool.idleCount },
    ]);
    const waiting = { name: 'roster_database_waiting', help: 'Queries waiting for a connection of the pool.' };
    metrics.gauge({ ...waiting, ofWorkers: 'sum' }, () => [
      // pg also counts clients that are about to get an idle connection.
      { value: Math.max(0, pool.waitingCount - pool.idleCount) },
    ]);
    const lag = {
      name: 'roster_read_replica_lag_seconds',
      help: 'How far the read replica may be behind, when last read.',
    };
    metrics.gauge(lag, () => (replica.lagSeconds === undefined ? [] : [{ value: replica.lagSeconds }]));
  }

  /**
   * @param entities of all modules. Listed here rather than with `TypeOrmModule.forFeature`, whose list is global to the process:
   * another application in it would treat our tables as its own.
   */
  static forRoot(settings: Settings, entities: readonly Type[]): DynamicModule {
    const { DATABASE_URL, DATABASE_DIRECT_URL, SECRET_KEY } = settings;
    if (DATABASE_URL === undefined || SECRET_KEY === undefined) {
      throw new Error('DATABASE_URL and SECRET_KEY must be settled before the application is made');
    }
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        {
          provide: DataSource,
          useFactory: () =>
            retryingStatements(
              new DataSource({
                // A direct address is only set if the other one leads to a pooler.
                ...dataSourceOptions(DATABASE_URL, POOL_SIZE, { pooled: DATABASE_DIRECT_URL !== undefined }),
                entities: [...entities],
              }),
            ).initialize(),
        },
        {
          provide: ReadReplica,
          inject: [DataSource],
          useFactory: (primary: DataSource) => new ReadReplica(settings, primary, entities),
        },
        {
          provide: Transactions,
          inject: [DataSource, ReadReplica],
          useFactory: (dataSource: DataSource, replica: ReadReplica) => new Transactions(dataSource, replica),
        },
        Statements,
        {
          provide: DatabaseTime,
          inject: [Clock, DataSource],
          useFactory: async (clock: Clock, dataSource: DataSource) => {
            const time = new DatabaseTime(clock, dataSource);
            await time.start();
            return time;
          },
        },
        {
          provide: Keyring,
          inject: [DataSource, Transactions],
          useFactory: async (dataSource: DataSource, transactions: Transactions) => {
            const keyring = new Keyring(dataSource, transactions, SECRET_KEY);
            await keyring.open();
            return keyring;
          },
        },
      ],
      exports: [DataSource, ReadReplica, Transactions, Statements, Keyring],
    };
  }

  onModuleInit(): void {
    // Changes nothing, but fails if nothing could be changed: after a failover, or when the disk is full.
    this.health.register('database', true, () => this.dataSource.query('DELETE FROM event_outbox WHERE false'));
    // Without it, the primary is read.
    if (this.replica.isSet) this.health.register('readReplica', false, () => this.replica.check());
    // Without the signing key nobody can sign in here. A server whose SECRET_KEY was replaced meanwhile keeps working for now.
    this.health.register('keys', true, () => Promise.resolve(this.keyring.current('access-token')));
    this.health.register('secretKey', false, () =>
      this.keyring.isSecretReplaced ? Promise.reject(new Error('SECRET_KEY was replaced')) : Promise.resolve(),
    );
    this.health.register('migrations', true, async () => {
      if ((await pendingMigrations(this.dataSource)).length > 0) throw new Error('migrations are pending');
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}
