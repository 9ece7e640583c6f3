import { inBatches } from '../../async/in-batches.js';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

const BATCH = 1000;

/**
 * Ends sessions that nobody ended, because they were not used for too long or for too long a time, where an application was signed in to: it
 * hears of these too. Nobody did it, so there is no evidence of it.
 */
@Injectable()
export class ExpiredSessions {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns how many sessions were ended */
  async end(): Promise<number> {
    return inBatches(BATCH, async () => {
      const [, ended] = await this.dataSource.query<[unknown[], number]>(END_EXPIRED, [BATCH]);
      return ended;
    });
  }
}

const OVER = 'ended_at IS NULL AND (idle_expires_at <= now() OR absolute_expires_at <= now())';

// From the grants on: there are fewer of them than sessions, and no index finds sessions by their idle end, which moves with each use.
const END_EXPIRED = `
  UPDATE sessions SET ended_at = now(), end_reason = 'expired'
  WHERE ${OVER} AND id IN (
    SELECT sessions.id FROM sessions JOIN openid_artifacts AS grants ON grants.session_id = sessions.id AND grants.kind = 'Grant'
    WHERE ${OVER} LIMIT $1)`;
