import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { inBatches } from '../../async/in-batches.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Jobs } from '../../jobs/jobs.js';
import { eraseAddressFromOthers } from './erased-addresses.js';

const EVERY_DAY = '23 3 * * *';
const BATCH_SIZE = 5000;

/** Removes mails after `MAIL_RETENTION`, and those of an erased person at once. */
@Injectable()
export class MailRetention implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly jobs: Jobs,
    private readonly personalDataRegistry: PersonalDataRegistry,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_DAY, 'mail.retention', () => this.removeExpired());
    this.personalDataRegistry.register({
      name: 'mails',
      tables: ['mails'],
      export: (tx, userId) =>
        tx.query(
          `SELECT template, recipient, data, state, attempts, last_error AS "lastError", answer, created_at AS "createdAt",
             sent_at AS "sentAt" FROM mails WHERE user_id = $1 ORDER BY created_at`,
          [userId],
        ),
      erase: async (tx, { id, email }) => {
        await tx.query('DELETE FROM mails WHERE user_id = $1', [id]);
        if (email !== null) await eraseAddressFromOthers(tx, { id, email });
      },
    });
  }

  /** Queued mails never expire. */
  async removeExpired(): Promise<void> {
    await inBatches(BATCH_SIZE, async () => {
      const [, deleted] = await this.dataSource.query<[unknown[], number]>(
        `DELETE FROM mails WHERE id = ANY (ARRAY (
           SELECT id FROM mails WHERE state <> 'queued' AND created_at < now() - $1 * interval '1 millisecond' LIMIT $2))`,
        [this.settings.MAIL_RETENTION, BATCH_SIZE],
      );
      return deleted;
    });
  }
}
