import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { DomainError, type FieldError } from '../../http/domain-error.js';
import type { UserEntity } from '../../users/user.entity.js';
import { Passwords } from '../passwords/passwords.js';
import type { EnteredAttempt } from '../sign-in/sign-in-attempt.js';
import { InvalidCredentials } from '../sign-in/sign-in-errors.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';

/** Also said to somebody who has none, or is locked: a link to choose one is mailed on request. */
export class WrongCurrentPassword extends DomainError {
  readonly code = 'wrong-current-password';
  override readonly errors: readonly FieldError[] = [{ path: 'currentPassword', message: 'is not right' }];
  constructor() {
    super('The current password is not right. POST /auth/request-password-reset mails a link to choose another one.');
  }
}

/** That somebody knew their password a moment ago. */
export interface PasswordProof {
  readonly userId: string;
  readonly changedAt: Date | undefined;
}

/** Asks who is signed in for their password too, before what could take the account from its owner (OWASP ASVS 5.0 V7.5.1). */
@Injectable()
export class CurrentPassword {
  constructor(
    private readonly passwords: Passwords,
    private readonly gate: SignInGate,
  ) {}

  /**
   * By the rules of a sign-in: the same limits, the same count of failures, the same answer while it is locked. Takes the time
   * of a hash: call it before the transaction that relies on it.
   * @throws WrongCurrentPassword, TooManyRequests, Busy
   */
  async prove(user: UserEntity, password: string, context: RequestContext): Promise<PasswordProof> {
    const identifier = user.email ?? user.username ?? undefined;
    const attempt = await this.gate.enter({ method: 'current-password', identifier, context });
    const [stored] = await this.passwords.stored([user.id]);
    const isRight = await this.passwords.verify(password, stored?.hash, { account: user.id, lane: 'known' });
    if (!isRight || attempt.isLocked) {
      await this.gate.refuse(attempt, 'wrong-proof');
      throw new WrongCurrentPassword();
    }
    await this.confirm(attempt, user.id);
    return { userId: user.id, changedAt: stored?.changedAt };
  }

  /** Another password may have been chosen since: by the owner, against whoever knew the old one. @throws WrongCurrentPassword */
  async check(tx: Transaction, { userId, changedAt }: PasswordProof): Promise<void> {
    if (!(await this.passwords.isStillOf(tx, userId, changedAt))) throw new WrongCurrentPassword();
  }

  private async confirm(attempt: EnteredAttempt, userId: string): Promise<void> {
    try {
      await this.gate.confirm(attempt, userId);
    } catch (error) {
      if (error instanceof InvalidCredentials) throw new WrongCurrentPassword();
      throw error;
    }
  }
}
