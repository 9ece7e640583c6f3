import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { inBatches } from '../../async/in-batches.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { SECRET_KEY_REPLACED } from '../../database/key-errors.js';
import { Keyring } from '../../database/keyring.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { keptForMs, SWEEP_REVOCATIONS } from './revocation-reader.js';

const EVERY_HOUR = '27 * * * *';
const BATCH = 1000;
const DAY_MS = 86_400_000;
/** Age at which a signing key is rotated. */
export const KEY_LIFE_MS = 90 * DAY_MS;
/** How long a server may keep signing with the old key before it learns of the new one. */
export const KEY_MARGIN_MS = 10 * 60_000;

/** Rotates the key that signs access tokens, and removes expired data. */
@Injectable()
export class SessionUpkeep implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
    private readonly jobs: Jobs,
    @InjectLog() private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.session-upkeep', () => this.sweep());
  }

  async sweep(): Promise<void> {
    await this.removeOldSessions();
    await this.dataSource.query(SWEEP_REVOCATIONS, [keptForMs(this.settings)]);
    const keyId = await this.keyring.rotate('access-token', KEY_LIFE_MS);
    if (keyId !== undefined) this.log.info({ keyId }, 'access token signing key rotated');
    if (this.keyring.isSecretReplaced) this.log.error(SECRET_KEY_REPLACED);
    // All tokens signed with such a key have expired.
    await this.keyring.dropRetired('access-token', this.settings.ACCESS_TOKEN_TTL + KEY_MARGIN_MS);
  }

  /** Sessions past their absolute end, however they ended; until then, reuse of their tokens is detected. */
  private async removeOldSessions(): Promise<void> {
    await inBatches(BATCH, async () => {
      const [, removed] = await this.dataSource.query<[unknown[], number]>(
        `DELETE FROM sessions WHERE id IN (
           SELECT id FROM sessions WHERE absolute_expires_at < now() ORDER BY absolute_expires_at LIMIT $1)`,
        [BATCH],
      );
      return removed;
    });
  }
}
