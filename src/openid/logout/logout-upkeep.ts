import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';
import { Metrics } from '../../ops/metrics.js';
import { ExpiredSessions } from './expired-sessions.js';
import { LogoutDeliveries } from './logout-deliveries.js';
import { LogoutDispatcher } from './logout-dispatcher.js';
import { LogoutQueue } from './logout-queue.js';

const EVERY_MINUTE = '* * * * *';
const EVERY_HOUR = '47 * * * *';

/** Has clients hear of sessions that expired, applies the retention of the record, and counts what waits. */
@Injectable()
export class LogoutUpkeep implements OnModuleInit {
  constructor(
    private readonly deliveries: LogoutDeliveries,
    private readonly queue: LogoutQueue,
    private readonly expired: ExpiredSessions,
    private readonly dispatcher: LogoutDispatcher,
    private readonly personalDataRegistry: PersonalDataRegistry,
    private readonly jobs: Jobs,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.personalDataRegistry.register({
      name: 'logoutTokens',
      tables: ['logout_deliveries'],
      export: (tx, userId) => this.deliveries.export(tx, userId),
      erase: (tx, { id }) => this.deliveries.eraseFinished(tx, id),
    });
    this.jobs.handleOnSchedule(EVERY_MINUTE, 'openid.expired-sessions', async () => {
      if ((await this.expired.end()) > 0) this.dispatcher.wake();
    });
    this.jobs.handleOnSchedule(EVERY_HOUR, 'openid.logout-retention', () => this.deliveries.removeExpired());
    this.metrics.gauge(
      { name: 'roster_logout_tokens_waiting', help: 'Logout tokens that wait for clients, counted to 10,000.' },
      async () => [{ value: await this.queue.countWaiting() }],
    );
  }
}
