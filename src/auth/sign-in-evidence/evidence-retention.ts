import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';

const EVERY_DAY = '7 3 * * *';

/** Creates the monthly partitions of `auth_events` in advance, and drops those entirely past `AUTH_EVENT_RETENTION`. */
@Injectable()
export class EvidenceRetention implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly jobs: Jobs,
    private readonly personalDataRegistry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_DAY, 'auth.evidence-retention', () => this.deleteOld());
    this.personalDataRegistry.register({
      name: 'signIns',
      tables: ['auth_events'],
      export: (tx, userId) =>
        tx.query(
          `SELECT occurred_at AS "occurredAt", last_at AS "lastAt", type, method, reason, what, times,
             CASE WHEN actor_id IS NULL OR actor_id = $1 THEN host(ip) END AS ip,
             CASE WHEN actor_id IS NULL OR actor_id = $1 THEN user_agent END AS "userAgent"
           FROM auth_events WHERE (user_id = $1 AND type <> 'access.denied') OR actor_id = $1 ORDER BY occurred_at`,
          [userId],
        ),
      erase: async (tx, { id }) => {
        // Actions of others on the person, and refusals to them, are kept: they contain only ids and identify the actors.
        await tx.query('DELETE FROM auth_events WHERE user_id = $1 AND (actor_id IS NULL OR actor_id = $1)', [id]);
        await tx.query('UPDATE auth_events SET ip = NULL, user_agent = NULL WHERE actor_id = $1', [id]);
      },
    });
  }

  /** Ensures the current month after months of downtime. */
  async onApplicationBootstrap(): Promise<void> {
    await this.deleteOld();
  }

  async deleteOld(): Promise<void> {
    await this.dataSource.query(`SELECT keep_auth_event_months($1 * interval '1 millisecond')`, [
      this.settings.AUTH_EVENT_RETENTION,
    ]);
  }
}
