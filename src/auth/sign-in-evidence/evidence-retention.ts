import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';

const EVERY_DAY = '7 3 * * *';

/** Makes the months of `auth_events` ahead, and drops those that are past `AUTH_EVENT_RETENTION` as a whole. */
@Injectable()
export class EvidenceRetention implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly jobs: Jobs,
    private readonly personalDataRegistry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.jobs.handleAt(EVERY_DAY, 'auth.evidence-retention', () => this.deleteOld());
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
        // What others did to the person, or were refused, stays as it is: it holds an id and says who they were.
        await tx.query('DELETE FROM auth_events WHERE user_id = $1 AND (actor_id IS NULL OR actor_id = $1)', [id]);
        await tx.query('UPDATE auth_events SET ip = NULL, user_agent = NULL WHERE actor_id = $1', [id]);
      },
    });
  }

  /** A server that was down for months finds the month of now. */
  async onApplicationBootstrap(): Promise<void> {
    await this.deleteOld();
  }

  async deleteOld(): Promise<void> {
    await this.dataSource.query(`SELECT keep_auth_event_months($1 * interval '1 millisecond')`, [
      this.settings.AUTH_EVENT_RETENTION,
    ]);
  }
}
