import { Injectable } from '@nestjs/common';
import { clientNetwork } from '../access/client-network.js';
import { type CountedFor, type FailureCount, LockoutReport } from '../auth/lockout/lockout-report.js';
import { RateLimits } from '../auth/rate-limits/rate-limits.js';
import { Clock } from '../config/clock.js';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import type { Transaction } from '../database/transaction.js';
import { identifierKey } from '../users/aggregate/identifiers.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { type Fact, fact } from './facts.js';
import type { Viewer } from './viewer.js';

interface Attempt {
  readonly type: 'login.failed' | 'second_factor.required';
  readonly method: string | null;
  readonly reason: string | null;
  readonly times: number;
  readonly ip: string | null;
  readonly at: Date;
}

/** Enough to explain; a flood of failures is one row a minute. */
const MOST_ATTEMPTS = 50;
const MOST_ADDRESSES = 3;

const LOCKS = {
  account: 'locked',
  'known-device': 'known-device-locked',
  link: 'link-check-locked',
  'second-step': 'second-step-locked',
  'second-step-known': 'second-step-known-locked',
  'second-step-of-one': 'second-step-known-locked',
  registration: 'registration-locked',
} as const satisfies Record<CountedFor, string>;

/** What became of attempts to sign in: lockouts, limits, and refusals since the last success. */
@Injectable()
export class SignInFacts {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly lockouts: LockoutReport,
    private readonly limits: RateLimits,
  ) {}

  /** @param viewer who may see the attempts is told of their origins, too */
  async of(tx: Transaction, user: UserEntity, viewer: Viewer): Promise<Fact[]> {
    const isAllowed = viewer.may('signIns', user);
    const attempts = isAllowed ? await this.attemptsSinceSuccess(tx, user) : [];
    const counts = isAllowed ? await this.lockouts.ofUser(tx, user.id) : [];
    const facts = locksOf(counts, addressesOf(attempts.filter(({ reason }) => reason === 'wrong-proof')));
    const counted = counts.find((one) => one.countedFor === 'account' && one.lockedUntil === null);
    if (counted && counted.failures > 0) {
      const values = { failures: counted.failures, threshold: this.settings.LOCKOUT_THRESHOLD };
      facts.push(fact('failures-counted', { ...values, from: addressesOf(attempts) }, counted.failedAt));
    }
    if (!isAllowed && user.lockedUntil !== null && user.lockedUntil > this.clock.now()) {
      facts.push(fact('locked', { until: user.lockedUntil, failures: this.settings.LOCKOUT_THRESHOLD, from: [] }));
    }
    facts.push(...refusalsIn(attempts, user));
    if (isAllowed) facts.push(...(await this.limitsOf([user.email, user.username], addressesOf(attempts))));
    return facts;
  }

  /** Of a name under which nobody can sign in. */
  async ofName(tx: Transaction, name: string): Promise<Fact[]> {
    const count = await this.lockouts.ofName(tx, name);
    return [...locksOf(count ? [count] : [], []), ...(await this.limitsOf([name], []))];
  }

  private async limitsOf(names: readonly (string | null)[], addresses: readonly string[]): Promise<Fact[]> {
    const facts: Fact[] = [];
    const until = (seconds: number): Date => new Date(this.clock.now().getTime() + seconds * 1000);
    for (const name of names) {
      if (name === null) continue;
      const seconds = await this.limits.secondsLeft('sign-in-by-account', identifierKey(name));
      if (seconds > 0) facts.push(fact('rate-limited', { until: until(seconds) }));
    }
    for (const from of addresses) {
      const seconds = await this.limits.secondsLeft('sign-in-by-client', clientNetwork(from));
      if (seconds > 0) facts.push(fact('client-limited', { from, until: until(seconds) }));
    }
    return facts;
  }

  private async attemptsSinceSuccess(tx: Transaction, { id, lastLoginAt }: UserEntity): Promise<Attempt[]> {
    return tx.query<Attempt[]>(
      `SELECT type, method, reason, times, host(ip) AS ip, last_at AS at FROM auth_events
       WHERE user_id = $1 AND type IN ('login.failed', 'second_factor.required')
         AND occurred_at > now() - $2 * interval '1 millisecond' AND ($3::timestamptz IS NULL OR last_at > $3)
       ORDER BY occurred_at DESC, id DESC LIMIT $4`,
      [id, this.settings.AUTH_EVENT_RETENTION, lastLoginAt, MOST_ATTEMPTS],
    );
  }
}

function locksOf(counts: readonly FailureCount[], from: readonly string[]): Fact[] {
  return counts.flatMap(({ countedFor, failures, lockedUntil: until, failedAt }) => {
    if (until === null) return [];
    const isAccount = countedFor === 'account';
    const lock = fact(LOCKS[countedFor], { until, failures, from: isAccount ? from : [] }, failedAt);
    const isDeviceLocked = counts.some((one) => one.countedFor === 'known-device' && one.lockedUntil !== null);
    return isAccount && !isDeviceLocked ? [lock, fact('known-devices-free', {})] : [lock];
  });
}

/** One fact for each way in which attempts ended, the latest first. */
function refusalsIn(attempts: readonly Attempt[], user: UserEntity): Fact[] {
  const pending = attempts.filter((one) => one.type === 'second_factor.required' && one.reason === null);
  const facts: Fact[] = [];
  if (pending[0]) facts.push(fact('second-factor-pending', { times: sumOf(pending) }, pending[0].at));
  const failed = attempts
    .filter(({ type }) => type === 'login.failed')
    .map((one) => ({ ...one, reason: refusalReason(one.reason, user, one.at) }));
  for (const reason of new Set(failed.map((one) => one.reason))) {
    const [last, ...earlier] = failed.filter((one) => one.reason === reason);
    if (!last || reason === null) continue;
    const all = [last, ...earlier];
    const values = { reason, method: last.method, failures: sumOf(all), from: addressesOf(all) };
    facts.push(fact('sign-in-failed', values, last.at));
  }
  return facts;
}

/** Of a user who may not sign in anyway, the proof is not looked at, and recorded as a wrong one. */
export function refusalReason(
  recorded: string | null,
  { deletedAt, suspendedAt }: Pick<UserEntity, 'deletedAt' | 'suspendedAt'>,
  at: Date,
): string | null {
  if (recorded !== 'wrong-proof') return recorded;
  if (deletedAt !== null && deletedAt <= at) return 'deleted';
  return suspendedAt !== null && suspendedAt <= at ? 'suspended' : recorded;
}

function sumOf(attempts: readonly Attempt[]): number {
  return attempts.reduce((sum, { times }) => sum + times, 0);
}

function addressesOf(attempts: readonly Attempt[]): string[] {
  return [...new Set(attempts.flatMap(({ ip }) => ip ?? []))].slice(0, MOST_ADDRESSES);
}
