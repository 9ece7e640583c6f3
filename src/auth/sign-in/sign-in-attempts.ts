import { Injectable } from '@nestjs/common';
import { identifierKey } from '../../users/aggregate/identifiers.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { DeviceTokens } from '../lockout/device-tokens.js';
import { Lockouts, type LockSubject } from '../lockout/lockouts.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import type { EnteredAttempt, SignInAttempt } from './sign-in-attempt.js';

/** Determines the account and origin of an attempt, and whether it is within the rate limits. */
@Injectable()
export class SignInAttempts {
  constructor(
    private readonly users: UserLookup,
    private readonly limits: RateLimits,
    private readonly lockouts: Lockouts,
    private readonly devices: DeviceTokens,
  ) {}

  /**
   * Call this before checking the proof: attempts refused here cost no hash. A lockout is not refused here, as it must look, and
   * take as long, as a wrong password.
   * @throws TooManyRequests
   */
  async enter(attempt: SignInAttempt, check?: () => void): Promise<EnteredAttempt> {
    const { identifier, deviceToken, context } = attempt;
    // Callers without a request, such as an embedding application, limit themselves.
    const isLimited = context.actor.kind !== 'system';
    if (isLimited) await this.limits.consumeForClient('sign-in-by-client', context.ip);
    check?.();
    if (identifier === undefined) return { ...attempt, ...NOBODY };
    const { owner, claim } = await this.users.findByIdentifier(identifier);
    // Always verifies one signature, whether or not the user exists.
    const deviceId = this.devices.read(deviceToken, owner?.id ?? '');
    const typed = identifierKey(identifier);
    const subject = owner ? this.lockouts.ofUser(owner.id, deviceId) : this.lockouts.ofNobody(typed);
    const claimSubject = this.lockouts.ofClaims(typed);
    const [isLocked = false, isClaimLocked = false] = await this.lockouts.areLockedNow([subject, claimSubject]);
    const isKnownDevice = deviceId !== undefined;
    // By the name as entered: a limit shared by two names would reveal that they belong to one user.
    const account = isKnownDevice ? subject.key : typed;
    if (isLimited) await this.limits.consume('sign-in-by-account', account);
    return { ...attempt, owner, claim, isKnownDevice, subject, claimSubject, isLocked, isClaimLocked };
  }

  /** The known device of an attempt for this user. */
  deviceOf({ deviceToken }: Pick<SignInAttempt, 'deviceToken'>, userId: string): string | undefined {
    return this.devices.read(deviceToken, userId);
  }

  /** The lockout subject of this user for an attempt whose proof was theirs. */
  subjectOf({ deviceToken }: SignInAttempt, userId: string): LockSubject {
    return this.lockouts.ofUser(userId, this.devices.read(deviceToken, userId));
  }

  /** The token that identifies the device of a sign-in from now on: its existing one or a new one. */
  renewDevice({ deviceToken }: SignInAttempt, userId: string): string {
    return this.devices.issue(userId, this.devices.read(deviceToken, userId));
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
