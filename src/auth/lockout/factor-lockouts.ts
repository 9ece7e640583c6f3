import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { type LockRules, Lockouts, type LockSubject } from './lockouts.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
// Six digits can be guessed, unlike a password, so these are not settings: in the long run five guesses a day.
const EACH: LockRules = { threshold: 5, duration: MINUTE_MS / 2, longest: DAY_MS };
// For all known devices and sessions together; otherwise an attacker with many of them would have as many counts.
const TOGETHER: LockRules = { threshold: 25, duration: 60 * MINUTE_MS, longest: DAY_MS };

/** Where a second factor is presented: by a device that is not known (neither given), by a known one, or in a session. */
export interface FactorSource {
  readonly userId: string;
  readonly deviceId?: string | undefined;
  readonly sessionId?: string | undefined;
}

/**
 * Counts wrong second factors (NIST SP 800-63B-4, 3.2.2). They follow a right first factor, so nobody who is not there can be locked
 * out by strangers, and the first step is never locked. Known devices and sessions have counts of their own, and one together; it
 * does not concern unknown devices, nor do those concern it. During a lockout no proof is looked at, right or wrong.
 */
@Injectable()
export class FactorLockouts {
  constructor(private readonly lockouts: Lockouts) {}

  /** Seconds until a proof may be tried again; 0 if it may be now. */
  async secondsLeft(tx: Transaction, source: FactorSource): Promise<number> {
    return this.lockouts.secondsLeft(tx, this.subjectsOf(source));
  }

  async fail(tx: Transaction, source: FactorSource, context: RequestContext): Promise<void> {
    for (const subject of this.subjectsOf(source)) await this.lockouts.fail(tx, [subject], context);
  }

  async succeed(tx: Transaction, source: FactorSource): Promise<void> {
    for (const subject of this.subjectsOf(source)) await this.lockouts.succeed(tx, subject);
  }

  /** The counts of a user that are not those of one device or session, by their keys. */
  namedSubjectsOf(userId: string): (readonly [Buffer, 'second-step' | 'second-step-known'])[] {
    const keyOf = (source: FactorSource): Buffer[] =>
      this.subjectsOf(source)
        .map(({ key }) => key)
        .slice(-1);
    return [
      ...keyOf({ userId }).map((key) => [key, 'second-step'] as const),
      ...keyOf({ userId, deviceId: '' }).map((key) => [key, 'second-step-known'] as const),
    ];
  }

  /** Wrong factors until a lock. */
  thresholdOf(countedFor: string): number {
    return (countedFor === 'second-step-known' ? TOGETHER : EACH).threshold;
  }

  private subjectsOf({ userId, deviceId, sessionId }: FactorSource): LockSubject[] {
    const ofStep = (kind: LockSubject['kind'], name: string, rules: LockRules) =>
      this.lockouts.ofSecondStep(userId, kind, name, rules);
    const together = ofStep('factor', 'known', TOGETHER);
    if (sessionId !== undefined) return [ofStep('session', `session:${sessionId}`, EACH), together];
    if (deviceId !== undefined) return [ofStep('device', `device:${deviceId}`, EACH), together];
    return [ofStep('factor', 'unknown', EACH)];
  }
}
