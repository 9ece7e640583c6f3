import { createHmac } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { UserStore } from '../../users/store/user-store.js';

/** What failures are counted for. */
export interface LockSubject {
  /** An HMAC: the table tells of no account that does not exist. */
  readonly key: Buffer;
  /** Whose account it is; null for a name that nobody has. */
  readonly userId: string | null;
  readonly kind: 'user' | 'device' | 'session' | 'link' | 'claim' | 'nobody';
}

/** What the job is told of a lock, which writes it down and has it mailed. */
export interface AccountLocked {
  readonly userId: string | null;
  readonly kind: LockSubject['kind'];
  /** RFC 3339. */
  readonly at: string;
  readonly context: RequestContext;
}

export const LOCKED_JOB = 'auth.account-locked';

const EVERY_HOUR = '29 * * * *';

/**
 * Counts failed sign-ins and locks (OWASP ASVS 5.0 V6.3.1): `LOCKOUT_THRESHOLD` failures lock for `LOCKOUT_DURATION`, the next
 * as many for twice as long, up to `LOCKOUT_MAX_DURATION`. A success begins anew, and so does a day without a failure. What is
 * tried while it is locked does not count. A lock spares sessions; only who signs in meets it.
 */
@Injectable()
export class Lockouts implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keyring: Keyring,
    private readonly users: UserStore,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.lockout-expiry', () => this.forgetOld());
  }

  /** The count of a user, whatever the name it signs in by; of a device that it has signed in on, by itself. */
  ofUser(userId: string, deviceId?: string): LockSubject {
    if (deviceId === undefined) return { key: this.mac(`user:${userId}`), userId, kind: 'user' };
    return { key: this.mac(`device:${deviceId}:${userId}`), userId, kind: 'device' };
  }

  /** The count of proofs that somebody gives who is signed in: what strangers try elsewhere is nothing to it, nor it to them. */
  ofSession(sessionId: string, userId: string): LockSubject {
    return { key: this.mac(`session:${sessionId}`), userId, kind: 'session' };
  }

  /** The count of proofs that somebody gives beside a mailed link to the user, without a session. */
  ofLink(userId: string): LockSubject {
    return { key: this.mac(`link:${userId}`), userId, kind: 'link' };
  }

  /**
   * The count of what was typed, by which the registrations answer that claim it: of none of them and of no owner, or who made one
   * could tell by its lock that another came, or that somebody proved the address.
   */
  ofClaims(identifier: string): LockSubject {
    return { key: this.mac(`claim:${identifier}`), userId: null, kind: 'claim' };
  }

  /** The count of an address or username that nobody has. */
  ofNobody(identifier: string): LockSubject {
    return { key: this.mac(`identifier:${identifier}`), userId: null, kind: 'nobody' };
  }

  /** Which of these are locked at this moment, in their order. */
  async areLocked(tx: Transaction, subjects: readonly LockSubject[]): Promise<boolean[]> {
    const rows = await tx.query<{ subject: Buffer }[]>(
      'SELECT subject FROM lockouts WHERE subject = ANY ($1) AND locked_until > clock_timestamp()',
      [subjects.map(({ key }) => key)],
    );
    return subjects.map(({ key }) => rows.some(({ subject }) => subject.equals(key)));
  }

  /**
   * Counts one failure, in one statement, so that of any number at once each counts until the lock is there, and none after.
   * What a lock brings about is the same work for a name that nobody has; what is only done for users, a job does later.
   */
  async fail(tx: Transaction, subjects: readonly LockSubject[], context: RequestContext): Promise<void> {
    // In one order, or two that share both would wait for each other.
    const ordered = [...subjects].sort((one, other) => one.key.compare(other.key));
    const { LOCKOUT_THRESHOLD, LOCKOUT_DURATION, LOCKOUT_MAX_DURATION } = this.settings;
    const locked = await tx.query<{ subject: Buffer; locked_until: Date; failed_at: Date }[]>(FAIL, [
      ordered.map(({ key }) => key),
      ordered.map(({ userId }) => userId),
      LOCKOUT_THRESHOLD,
      LOCKOUT_DURATION,
      LOCKOUT_MAX_DURATION,
    ]);
    for (const row of locked) {
      const subject = ordered.find(({ key }) => key.equals(row.subject));
      const { userId = null, kind = 'nobody' } = subject ?? {};
      await this.users.recordLock(tx, kind === 'user' ? userId : null, row.locked_until);
      const notice: AccountLocked = { userId, kind, at: row.failed_at.toISOString(), context };
      await this.jobs.enqueue(tx, LOCKED_JOB, notice, { maxAttempts: 5 });
    }
  }

  /**
   * Begins anew after a success, unless it is locked.
   * @returns false when it is locked
   */
  async succeed(tx: Transaction, subject: LockSubject): Promise<boolean> {
    const [row] = await tx.query<[{ locked: boolean }]>(
      `WITH gone AS (
         DELETE FROM lockouts WHERE subject = $1 AND (locked_until IS NULL OR locked_until <= clock_timestamp()))
       SELECT EXISTS (SELECT FROM lockouts WHERE subject = $1 AND locked_until > clock_timestamp()) AS locked`,
      [subject.key],
    );
    return !row.locked;
  }

  /** Ends every lock of a user, that of its known devices too. @returns whether there was one */
  async end(tx: Transaction, userId: string): Promise<boolean> {
    const rows = await tx.query<{ locked: boolean | null }[]>(
      `WITH gone AS (DELETE FROM lockouts WHERE user_id = $1 RETURNING locked_until > clock_timestamp() AS locked)
       SELECT locked FROM gone`,
      [userId],
    );
    await this.users.recordLock(tx, userId, null);
    return rows.some(({ locked }) => locked === true);
  }

  /** In hours that somebody spends on names that nobody has, many rows are made; those of one that goes on stay. */
  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) =>
      tx.query(
        `DELETE FROM lockouts WHERE failed_at < now() - interval '1 day'
           AND (locked_until IS NULL OR locked_until < now() - interval '1 day')`,
      ),
    );
  }

  private mac(subject: string): Buffer {
    return createHmac('sha256', this.keyring.current('lockout').secret).update(subject).digest();
  }
}

// Only rows that are locked by this failure come back: with a lock before it, nothing is updated.
const FAIL = `
  WITH counted AS (
    INSERT INTO lockouts AS lockout (subject, user_id, failures, locks, locked_until, failed_at)
    SELECT subject, user_id, CASE WHEN $3::int > 1 THEN 1 ELSE 0 END, CASE WHEN $3::int > 1 THEN 0 ELSE 1 END,
      CASE WHEN $3::int > 1 THEN NULL ELSE clock_timestamp() + least($4::float8, $5::float8) * interval '1 millisecond' END,
      clock_timestamp()
    FROM unnest($1::bytea[], $2::uuid[]) AS given (subject, user_id)
    ON CONFLICT (subject) DO UPDATE SET (failures, locks, locked_until, failed_at) = (
      CASE WHEN lockout.failures + 1 < $3::int THEN lockout.failures + 1 ELSE 0 END,
      CASE WHEN lockout.failures + 1 < $3::int THEN lockout.locks ELSE lockout.locks + 1 END,
      CASE WHEN lockout.failures + 1 < $3::int THEN NULL
        ELSE clock_timestamp() + least($4::float8 * 2 ^ least(lockout.locks, 30), $5::float8) * interval '1 millisecond' END,
      clock_timestamp())
      WHERE lockout.locked_until IS NULL OR lockout.locked_until <= clock_timestamp()
    RETURNING subject, locked_until, failed_at)
  SELECT subject, locked_until, failed_at FROM counted WHERE locked_until IS NOT NULL`;
