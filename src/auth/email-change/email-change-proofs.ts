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

/** The reader of the new mailbox may not be the requester, and must not hand over their mailbox to the requester's account. */
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

/** A valid link and its user. `newPasswordRequired` is also true for an account that never had a confirmed address. */
export interface EmailChangeLink extends TokenDetails {
  readonly user: UserEntity;
  readonly newEmail: string;
  readonly isAskedByAdmin: boolean;
}

/** The proofs sent with a link. */
export interface GivenProof {
  readonly caller: Caller | undefined;
  readonly currentPassword: string | null;
  readonly newPassword: string | null;
}

interface Proof {
  /** The proof for a confirmation: a session of the account, its password or, if an admin requested it, a new password. */
  readonly by: 'session' | 'new-password' | PasswordProof;
  /** The hash of a new password. */
  readonly hash: string | null;
}

/** Ensures that a change of address is confirmed by its requester, not just by a reader of the new mailbox. */
@Injectable()
export class EmailChangeProofs {
  constructor(
    private readonly current: CurrentPassword,
    private readonly passwords: NewPasswords,
    private readonly users: UserStore,
  ) {}

  /**
   * May take the time of a hash: call it outside any transaction.
   * @throws NotWhoAsked, WrongCurrentPassword, NewPasswordRequired, WeakPassword; TooManyRequests, HashingOverloaded
   */
  async of(link: EmailChangeLink, given: GivenProof, context: RequestContext): Promise<Proof> {
    const by = await this.whoAsked(link, given, context);
    if (by !== 'new-password' && link.user.emailVerified) return { by, hash: null };
    // The creator of an account that never had a confirmed address may know its password and hold a session.
    if (given.newPassword === null) throw new NewPasswordRequired();
    return { by, hash: await this.passwords.accept(given.newPassword, link.user, 'other') };
  }

  /** Checks again inside the transaction. @throws WrongCurrentPassword, NotWhoAsked, NewPasswordRequired */
  async check(tx: Transaction, { by, hash }: Proof, details: TokenDetails, user: UserEntity | null): Promise<void> {
    if (typeof by === 'object') await this.current.check(tx, by);
    if (by === 'new-password' && !details.newPasswordRequired) throw new NotWhoAsked();
    if (hash === null && user?.emailVerified !== true) throw new NewPasswordRequired();
  }

  /**
   * After the change: a new password replaces the previous one and ends every session.
   * @param wasVerified whether an address of the account was confirmed before
   */
  async settle(
    tx: Transaction,
    { hash }: Proof,
    userId: string,
    context: RequestContext,
    wasVerified: boolean,
  ): Promise<void> {
    if (hash === null) return;
    const isFirst = wasVerified
      ? await this.passwords.replace(tx, userId, hash, 'password-reset', context)
      : await this.passwords.replaceAll(tx, userId, hash, context);
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
