import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { inBatches } from '../../async/in-batches.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring, SIGNING_PURPOSES } from '../../database/keyring.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { KEY_LIFE_MS, KEY_MARGIN_MS } from '../../auth/sessions/session-upkeep.js';

const EVERY_HOUR = '41 * * * *';
const BATCH = 1000;

/** Removes what has expired of the provider, and rotates the keys that sign for applications. */
@Injectable()
export class OpenIdUpkeep implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
    private readonly jobs: Jobs,
    @InjectLog() private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'openid.upkeep', () => this.sweep());
  }

  async sweep(): Promise<void> {
    await this.removeExpired();
    // What was signed with a key that is gone has expired.
    const age = this.settings.ACCESS_TOKEN_TTL + KEY_MARGIN_MS;
    for (const purpose of SIGNING_PURPOSES) {
      const keyId = await this.keyring.rotate(purpose, KEY_LIFE_MS);
      if (keyId !== undefined) this.log.info({ keyId, purpose }, 'signing key for applications rotated');
      await this.keyring.dropRetired(purpose, age);
    }
  }

  /** An hour later, so that a code that has expired is still told from one that never was. */
  private async removeExpired(): Promise<void> {
    await inBatches(BATCH, async () => {
      const [, removed] = await this.dataSource.query<[unknown[], number]>(
        `DELETE FROM openid_artifacts WHERE id_hash IN (
           SELECT id_hash FROM openid_artifacts WHERE expires_at < now() - interval '1 hour' ORDER BY expires_at LIMIT $1
           FOR UPDATE SKIP LOCKED)`,
        [BATCH],
      );
      return removed;
    });
  }
}
