import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Statement, Statements } from '../../database/statements.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import { UserStore } from '../../users/store/user-store.js';

/** What failures are counted for. */
export interface LockSubject {
  /** An HMAC: the table does not reveal which accounts exist. */
  readonly key: Buffer;
  /** The owner of the account; null for an unknown name. */
  readonly userId: string | null;
  readonly kind: 'user' | 'device' | 'session' | 'link' | 'claim' | 'nobody' | 'factor';
  /** Of a count of wrong second factors; absent for passwords, whose rules are settings. */
  readonly secondStep?: LockRules;
}

/** Failures until a lockout, its first duration and its longest, in milliseconds. */
export interface LockRules {
  readonly threshold: number;
  readonly duration: number;
  readonly longest: number;
}

/** The payload of the job that records a lockout and has it mailed. */
export interface AccountLocked {
  readonly userId: string | null;
  readonly kind: LockSubject['kind'];
  /** RFC 3339. */
  readonly at: string;
  readonly context: RequestContext;
}

export const LOCKED_JOB = 'auth.account-locked';

const EVERY_HOUR = '29 * * * *';

interface LockedRow {
  readonly subject: Buffer;
}

// The array is a sub-select: PostgreSQL would plan for the number of its elements, each time anew.
const LOCKED: Statement = {
  name: 'locked-subjects',
  text: 'SELECT subject FROM lockouts WHERE subject = ANY ((SELECT $1::bytea[])::bytea[]) AND locked_until > clock_timestamp()',
};

/**
 * Counts failed sign-ins and locks accounts (OWASP ASVS 5.0 V6.3.1): `LOCKOUT_THRESHOLD` failures lock for `LOCKOUT_DURATION`, as
 * many again for twice as long, up to `LOCKOUT_MAX_DURATION`. A success resets the count, and so does a day without a failure.
 * Attempts during a lockout do not count. A lockout only affects sign-ins, not existing sessions.
 */
@Injectable()
export class Lockouts implements OnModuleInit {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keyring: Keyring,
    private readonly users: UserStore,
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
    private readonly statements: Statements,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_HOUR, 'auth.lockout-expiry', () => this.forgetOld());
  }

  /** The count of a user, for any identifier; known devices count separately. */
  ofUser(userId: string, deviceId?: string): LockSubject {
    if (deviceId === undefined) return { key: this.mac(`user:${userId}`), userId, kind: 'user' };
    return { key: this.mac(`device:${deviceId}:${userId}`), userId, kind: 'device' };
  }

  /** A count of wrong second factors (`FactorLockouts`). */
  ofSecondStep(userId: string, kind: LockSubject['kind'], name: string, secondStep: LockRules): LockSubject {
    return { key: this.mac(`factor:${name}:${userId}`), userId, kind, secondStep };
  }

  /** The count for password checks of a signed-in user; independent of attempts elsewhere. */
  ofSession(sessionId: string, userId: string): LockSubject {
    return { key: this.mac(`session:${sessionId}`), userId, kind: 'session' };
  }

  /** The count for password checks with a mailed link, without a session. */
  ofLink(userId: string): LockSubject {
    return { key: this.mac(`link:${userId}`), userId, kind: 'link' };
  }

  /**
   * The count of an entered name, which applies to the registrations that claim it. Not per registration or owner, or the creator
   * of one could tell from a lockout that another registration came, or that the address was confirmed.
   */
  ofClaims(identifier: string): LockSubject {
    return { key: this.mac(`claim:${identifier}`), userId: null, kind: 'claim' };
  }

  /** The count of an unknown address or username. */
  ofNobody(identifier: string): LockSubject {
    return { key: this.mac(`identifier:${identifier}`), userId: null, kind: 'nobody' };
  }

  /** Whether each of these is currently locked, in order. */
  async areLocked(tx: Transaction, subjects: readonly LockSubject[]): Promise<boolean[]> {
    return this.lockedOf(await tx.query<LockedRow[]>(LOCKED.text, [subjects.map(({ key }) => key)]), subjects);
  }

  /** As `areLocked`, outside any transaction. */
  async areLockedNow(subjects: readonly LockSubject[]): Promise<boolean[]> {
    return this.lockedOf(await this.statements.read<LockedRow>(LOCKED, [subjects.map(({ key }) => key)]), subjects);
  }

  /** Seconds until the last lockout of these ends; 0 if there is none. */
  async secondsLeft(tx: Transaction, subjects: readonly LockSubject[]): Promise<number> {
    const [row] = await tx.query<[{ seconds: number | null }]>(
      `SELECT ceil(extract(epoch FROM max(locked_until) - clock_timestamp()))::int AS seconds FROM lockouts
       WHERE subject = ANY ($1) AND locked_until > clock_timestamp()`,
      [subjects.map(({ key }) => key)],
    );
    return row.seconds ?? 0;
  }

  /**
   * Counts one failure in one statement, so that of any number of concurrent failures each counts until the lockout, and none
   * after. A lockout takes the same work for an unknown name; work for existing users only is done by a job later.
   * @param subjects of the same rules
   */
  async fail(tx: Transaction, subjects: readonly LockSubject[], context: RequestContext): Promise<void> {
    // In a fixed order to avoid deadlocks.
    const ordered = [...subjects].sort((one, other) => one.key.compare(other.key));
    const [secondStep] = subjects.flatMap((subject) => subject.secondStep ?? []);
    const { threshold, duration, longest } = secondStep ?? this.rules;
    const locked = await tx.query<{ subject: Buffer; locked_until: Date; failed_at: Date }[]>(FAIL, [
      ordered.map(({ key }) => key),
      ordered.map(({ userId }) => userId),
      threshold,
      duration,
      longest,
      secondStep !== undefined,
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
   * Resets the count after a success, unless it is locked.
   * @returns false when it is locked
   */
  async succeed(tx: Transaction, subject: LockSubject): Promise<boolean> {
    const [row] = await tx.query<[{ locked: boolean }]>(SUCCEED, [subject.key]);
    return !row.locked;
  }

  /**
   * Ends every lockout of a user, including those of known devices.
   * @param secondStep whether also those of the second step: a proof of the mailbox alone must not allow further guesses there
   * @returns whether there was one
   */
  async end(tx: Transaction, userId: string, secondStep: 'kept' | 'ended' = 'kept'): Promise<boolean> {
    const rows = await tx.query<{ locked: boolean | null }[]>(
      `WITH gone AS (DELETE FROM lockouts WHERE user_id = $1 AND (NOT of_second_step OR $2)
                      RETURNING locked_until > clock_timestamp() AS locked)
       SELECT locked FROM gone`,
      [userId, secondStep === 'ended'],
    );
    await this.users.recordLock(tx, userId, null);
    return rows.some(({ locked }) => locked === true);
  }

  /** Attacks on unknown names create many rows; rows of ongoing ones are kept. */
  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) =>
      tx.query(
        `DELETE FROM lockouts WHERE failed_at < now() - interval '1 day'
           AND (locked_until IS NULL OR locked_until < now() - interval '1 day')`,
      ),
    );
  }

  private get rules(): LockRules {
    const { LOCKOUT_THRESHOLD: threshold, LOCKOUT_DURATION: duration, LOCKOUT_MAX_DURATION: longest } = this.settings;
    return { threshold, duration, longest };
  }

  private lockedOf(rows: readonly LockedRow[], subjects: readonly LockSubject[]): boolean[] {
    return subjects.map(({ key }) => rows.some(({ subject }) => subject.equals(key)));
  }

  private mac(subject: string): Buffer {
    return hmacWith(this.keyring.current('lockout').secret).update(subject).digest();
  }
}

// Of a row that a failure is just about to lock, the lock makes this wait and see what the failure wrote; any other part of the statement
// would see the row as it was before.
const SUCCEED = `
  WITH found AS (SELECT locked_until > clock_timestamp() AS locked FROM lockouts WHERE subject = $1 FOR UPDATE),
    gone AS (DELETE FROM lockouts USING found WHERE subject = $1 AND locked IS NOT TRUE)
  SELECT coalesce((SELECT locked FROM found), false) AS locked`;

// Returns only rows locked by this failure: if locked before, nothing is updated.
const FAIL = `
  WITH counted AS (
    INSERT INTO lockouts AS lockout (subject, user_id, failures, locks, locked_until, failed_at, of_second_step)
    SELECT subject, user_id, CASE WHEN $3::int > 1 THEN 1 ELSE 0 END, CASE WHEN $3::int > 1 THEN 0 ELSE 1 END,
      CASE WHEN $3::int > 1 THEN NULL ELSE clock_timestamp() + least($4::float8, $5::float8) * interval '1 millisecond' END,
      clock_timestamp(), $6
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
