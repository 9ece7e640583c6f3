import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { HealthChecks } from '../ops/health-checks.js';
import { dataSourceOptions } from './data-source.js';
import { pendingMigrations } from './migrate.js';
import { Keyring } from './keyring.js';
import { Transactions } from './transaction.js';

/** The one data source that all modules share, its transactions and the key ring. */
@Module({})
export class DatabaseModule implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly health: HealthChecks,
  ) {}

  static forRoot({ DATABASE_URL, SECRET_KEY }: Settings): DynamicModule {
    if (DATABASE_URL === undefined || SECRET_KEY === undefined) {
      throw new Error('DATABASE_URL and SECRET_KEY must be settled before the application is made');
    }
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({ ...dataSourceOptions(DATABASE_URL), autoLoadEntities: true, retryAttempts: 0 }),
      ],
      providers: [
        Transactions,
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
      exports: [Transactions, Keyring],
    };
  }

  onModuleInit(): void {
    this.health.add('database', true, () => this.dataSource.query('SELECT 1'));
    this.health.add('migrations', true, async () => {
      if ((await pendingMigrations(this.dataSource)).length > 0) throw new Error('migrations are pending');
    });
  }
}
