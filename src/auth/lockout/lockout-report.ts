import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { identifierKey } from '../../users/aggregate/identifiers.js';
import { FactorLockouts } from './factor-lockouts.js';
import { Lockouts } from './lockouts.js';

/** For whom failures are counted; a device and a session cannot be told apart, since only their HMAC is stored. */
export type CountedFor =
  'account' | 'known-device' | 'link' | 'second-step' | 'second-step-known' | 'second-step-of-one' | 'registration';

/** One count of failures. */
export interface FailureCount {
  readonly countedFor: CountedFor;
  /** Since the last success. */
  readonly failures: number;
  /** Null while it is not locked. */
  readonly lockedUntil: Date | null;
  readonly failedAt: Date;
}

interface CountRow {
  readonly subject: Buffer;
  readonly failures: number;
  readonly locks: number;
  readonly locked_until: Date | null;
  readonly failed_at: Date;
  readonly of_second_step: boolean;
}

const COUNTS = `
  SELECT subject, failures, locks, failed_at, of_second_step,
    CASE WHEN locked_until > clock_timestamp() THEN locked_until END AS locked_until
  FROM lockouts`;

/** Reads the counts of failures, for staff: which of them are locked, and until when. Changes nothing. */
@Injectable()
export class LockoutReport {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly lockouts: Lockouts,
    private readonly factors: FactorLockouts,
  ) {}

  /** Every count of a user, the longest lock first. */
  async ofUser(tx: Transaction, userId: string): Promise<FailureCount[]> {
    const rows = await tx.query<CountRow[]>(
      `${COUNTS} WHERE user_id = $1 ORDER BY locked_until DESC NULLS LAST, failed_at DESC LIMIT 50`,
      [userId],
    );
    const named: readonly (readonly [Buffer, CountedFor])[] = [
      [this.lockouts.ofUser(userId).key, 'account'],
      [this.lockouts.ofLink(userId).key, 'link'],
      ...this.factors.namedSubjectsOf(userId),
    ];
    return rows.map((row) => {
      const known = named.find(([key]) => key.equals(row.subject))?.[1];
      return this.countOf(row, known ?? (row.of_second_step ? 'second-step-of-one' : 'known-device'));
    });
  }

  /** The count of a name as entered, which nobody has or of which registrations wait; undefined without a failure. */
  async ofName(tx: Transaction, name: string): Promise<FailureCount | undefined> {
    const key = identifierKey(name);
    const [row] = await tx.query<CountRow[]>(
      `${COUNTS} WHERE subject = ANY ($1) ORDER BY locked_until DESC NULLS LAST LIMIT 1`,
      [[this.lockouts.ofClaims(key).key, this.lockouts.ofNobody(key).key]],
    );
    return row && this.countOf(row, 'registration');
  }

  private countOf(row: CountRow, countedFor: CountedFor): FailureCount {
    // Each lock starts the count anew.
    const perLock = row.of_second_step ? this.factors.thresholdOf(countedFor) : this.settings.LOCKOUT_THRESHOLD;
    const failures = row.locks * perLock + row.failures;
    return { countedFor, failures, lockedUntil: row.locked_until, failedAt: row.failed_at };
  }
}
