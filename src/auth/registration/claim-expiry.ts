import { Injectable, type OnModuleInit } from '@nestjs/common';
import { systemContext } from '../../access/caller.js';
import { inBatches } from '../../async/in-batches.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Transactions } from '../../database/transaction.js';
import { newTraceId } from '../../config/trace-id.js';
import { Jobs } from '../../jobs/jobs.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { UserStore } from '../../users/store/user-store.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';

const EVERY_HOUR = '17 * * * *';
const BATCH = 200;

/** Removes registrations that were not confirmed within `PENDING_RETENTION`, which frees their usernames. */
@Injectable()
export class ClaimExpiry implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    @InjectLog() private readonly log: Log,
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly throttle: AddressThrottle,
    private readonly passwords: ClaimPasswords,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.claim-expiry', () => this.deleteExpired());
  }

  /** In batches, each in its own transaction, so that masses of fake registrations do not cause one long lock. */
  async deleteExpired(): Promise<void> {
    const context = systemContext(newTraceId());
    // Together with unconfirmed ones, or it would show which of them were confirmed.
    await this.transactions.run((tx) => this.passwords.forgetOld(tx, this.settings.PENDING_RETENTION));
    const removed = await inBatches(BATCH, () =>
      this.transactions.run((tx) => this.users.dropStaleClaims(tx, this.settings.PENDING_RETENTION, BATCH, context)),
    );
    await this.transactions.run((tx) => this.throttle.forgetOld(tx));
    if (removed > 0) this.log.info({ removed, traceId: context.traceId }, 'unconfirmed registrations removed');
  }
}
