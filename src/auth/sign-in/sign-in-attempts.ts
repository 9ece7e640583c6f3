import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { identifierKey } from '../../users/aggregate/identifiers.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { DeviceTokens } from '../lockout/device-tokens.js';
import { Lockouts, type LockSubject } from '../lockout/lockouts.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import type { EnteredAttempt, SignInAttempt } from './sign-in-attempt.js';

/** Finds out whom an attempt is about, from where it comes, and whether it may be made at all. */
@Injectable()
export class SignInAttempts {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly limits: RateLimits,
    private readonly lockouts: Lockouts,
    private readonly devices: DeviceTokens,
  ) {}

  /**
   * To be called before a proof is looked at: what is refused here costs no hash. A lock refuses nothing here, for it must
   * look, and take as long, as a wrong password.
   * @throws TooManyRequests
   */
  async enter(attempt: SignInAttempt, check?: () => void): Promise<EnteredAttempt> {
    const { identifier, deviceToken, context } = attempt;
    // Work that no request caused, such as an embedding application's, is its own to limit.
    const isLimited = context.actor.kind !== 'system';
    if (isLimited) await this.limits.consumeForClient('sign-in-by-client', context.ip);
    check?.();
    if (identifier === undefined) return { ...attempt, ...NOBODY };
    const entered = await this.transactions.run(async (tx) => {
      const { owner, claim } = await this.find(tx, identifier);
      // Always one signature to check, whoever exists.
      const deviceId = this.devices.read(deviceToken, owner?.id ?? '');
      const typed = identifierKey(identifier);
      const subject = owner ? this.lockouts.ofUser(owner.id, deviceId) : this.lockouts.ofNobody(typed);
      const claimSubject = this.lockouts.ofClaims(typed);
      const [isLocked = false, isClaimLocked = false] = await this.lockouts.areLocked(tx, [subject, claimSubject]);
      const isKnownDevice = deviceId !== undefined;
      return { ...attempt, owner, claim, isKnownDevice, subject, claimSubject, isLocked, isClaimLocked };
    });
    // By the name as it was typed: a limit that two names share would tell that they are one user's.
    const account = entered.isKnownDevice ? entered.subject.key : identifierKey(identifier);
    if (isLimited) await this.limits.consume('sign-in-by-account', account);
    return entered;
  }

  /** What counts for this user in an attempt that proved to be theirs. */
  subjectOf({ deviceToken }: SignInAttempt, userId: string): LockSubject {
    return this.lockouts.ofUser(userId, this.devices.read(deviceToken, userId));
  }

  /** The token with which the device of a sign-in is known from now on: its own again, or a new one. */
  renewDevice({ deviceToken }: SignInAttempt, userId: string): string {
    return this.devices.issue(userId, this.devices.read(deviceToken, userId));
  }

  private async find(
    tx: Transaction,
    identifier: string,
  ): Promise<{ owner: UserEntity | null; claim: UserEntity | null }> {
    if (identifier.includes('@')) return this.users.ofAddress(tx, identifier);
    const user = await this.users.byUsername(tx, identifier);
    return user?.pending ? { owner: null, claim: user } : { owner: user, claim: null };
  }
}

const NOBODY = {
  owner: null,
  claim: null,
  isKnownDevice: false,
  subject: undefined,
  claimSubject: undefined,
  isLocked: false,
  isClaimLocked: false,
} as const;
