import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { DomainError, type FieldError } from '../../problems/domain-error.js';
import { completePasswordReset } from '../../users/aggregate/decide-credentials.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { NewPasswordRequired } from '../one-time-tokens/new-password-required.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { CurrentPassword, type PasswordProof } from '../password-change/current-password.js';
import { NewPasswords } from '../passwords/new-passwords.js';

/** Who opens a link need not be who asked for the address: the account is another's then, and would have got theirs. */
export class NotWhoAsked extends DomainError {
  readonly code = 'wrong-current-password';
  override readonly errors: readonly FieldError[] = [
    { path: 'currentPassword', message: 'is required, unless the request carries an access token of the account' },
  ];
  constructor() {
    super(
      'Only the account that requested this address can confirm it: send its current password or its access token.',
    );
  }
}

/** A link that is good, and whose it is. Its `newPasswordRequired` is true for an account that never had a proved address, too. */
export interface EmailChangeLink extends TokenDetails {
  readonly user: UserEntity;
  readonly newEmail: string;
  readonly isAskedByAdmin: boolean;
}

/** What came with a link. */
export interface GivenProof {
  readonly caller: Caller | undefined;
  readonly currentPassword: string | null;
  readonly newPassword: string | null;
}

interface Proof {
  /** By what somebody confirms: a session of the account, its password, or, where an admin asked, a password that they choose. */
  readonly by: 'session' | 'new-password' | PasswordProof;
  /** Of a password that takes the place of the one before. */
  readonly hash: string | null;
}

/** Makes sure that the account that asked for a change of address confirms it, and not any reader of the new mailbox. */
@Injectable()
export class EmailChangeProofs {
  constructor(
    private readonly current: CurrentPassword,
    private readonly passwords: NewPasswords,
    private readonly users: UserStore,
  ) {}

  /**
   * May take the time of a hash: call it outside any transaction.
   * @throws NotWhoAsked, WrongCurrentPassword, NewPasswordRequired, WeakPassword; TooManyRequests, Busy
   */
  async of(link: EmailChangeLink, given: GivenProof, context: RequestContext): Promise<Proof> {
    const by = await this.whoAsked(link, given, context);
    if (by !== 'new-password' && link.user.emailVerified) return { by, hash: null };
    // The creator of an account whose address was never proved may know its password, and hold a session.
    if (given.newPassword === null) throw new NewPasswordRequired();
    return { by, hash: await this.passwords.accept(given.newPassword, link.user, 'other') };
  }

  /** Things may have changed since. @throws WrongCurrentPassword, NotWhoAsked, NewPasswordRequired */
  async check(tx: Transaction, { by, hash }: Proof, details: TokenDetails, user: UserEntity | null): Promise<void> {
    if (typeof by === 'object') await this.current.check(tx, by);
    if (by === 'new-password' && !details.newPasswordRequired) throw new NotWhoAsked();
    if (hash === null && user?.emailVerified !== true) throw new NewPasswordRequired();
  }

  /** After the change: a password that was chosen with it takes the place of the one before, and ends every session. */
  async settle(tx: Transaction, { hash }: Proof, userId: string, context: RequestContext): Promise<void> {
    if (hash === null) return;
    const isFirst = await this.passwords.replace(tx, userId, hash, 'password-reset', context);
    await this.users.change(tx, userId, (state) => completePasswordReset(state, isFirst), context);
  }

  private async whoAsked(
    { user, isAskedByAdmin }: EmailChangeLink,
    { caller, currentPassword }: GivenProof,
    context: RequestContext,
  ): Promise<Proof['by']> {
    if (caller?.userId === user.id) return 'session';
    if (currentPassword !== null) return this.current.prove(user, currentPassword, context);
    if (!isAskedByAdmin) throw new NotWhoAsked();
    return 'new-password';
  }
}
