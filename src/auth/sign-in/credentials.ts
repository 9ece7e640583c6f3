import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { passwordChangedAt } from '../passwords/passwords.js';
import { SecondFactors } from '../second-factors/second-factors.js';

/** What a user signs in with, as it is while the user's row is locked. */
export interface Credentials {
  /** Null without a password. */
  readonly passwordChangedAt: Date | null;
  readonly hasSecondFactor: boolean;
}

/** Reads in one statement what decides about a sign-in: the exchange of each costs more than its execution. */
@Injectable()
export class CredentialReader {
  constructor(private readonly factors: SecondFactors) {}

  /** Call this after the user's row was locked, in a statement of its own: one that has waited for a lock sees what was there before. */
  async read(tx: Transaction, userId: string): Promise<Credentials> {
    const [credentials] = await tx.query<[Credentials]>(
      `SELECT ${passwordChangedAt('$1')} AS "passwordChangedAt", ${this.factors.held('$1')} AS "hasSecondFactor"`,
      [userId],
    );
    return credentials;
  }
}

/** Whether a link that was used still signs in: a new address or password revokes it. */
export function isLinkOf(
  user: UserEntity,
  credentials: Credentials,
  link: { readonly email: string; readonly changedAt: Date | undefined },
): boolean {
  return user.email === link.email && isPasswordOf(credentials, link.changedAt);
}

/** Whether the password is unchanged since `changedAt` was read. */
export function isPasswordOf(credentials: Credentials, changedAt: Date | undefined): boolean {
  return credentials.passwordChangedAt?.getTime() === changedAt?.getTime();
}
