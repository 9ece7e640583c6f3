import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import type { Transaction } from '../../database/transaction.js';
import { DomainError, type FieldError } from '../../http/domain-error.js';
import { completePasswordReset } from '../../users/decide-credentials.js';
import type { UserEntity } from '../../users/user.entity.js';
import { Users } from '../../users/users.js';
import { NewPasswordRequired } from '../one-time-tokens/new-password-required.js';
import type { TokenDetails } from '../one-time-tokens/token-rows.js';
import { CurrentPassword, type PasswordProof } from '../password-change/current-password.js';
import { NewPasswords } from '../passwords/new-passwords.js';

/** Who opens a link need not be who asked for the address: the account is another's then, and would have got theirs. */
export class NotWhoAsked extends DomainError {
  readonly code = 'wrong-current-password';
  override readonly errors: readonly FieldError[] = [
    { path: 'currentPassword', message: 'is needed, unless the request carries an access token of the account' },
  ];
  constructor() {
    super(
      'Only the account that asked for this address can confirm it: send its current password or its access token.',
    );
  }
}

/** A link that is good, and whose it is. */
export interface EmailChangeLink extends TokenDetails {
  readonly user: UserEntity;
  readonly newEmail: string;
}

/** What came with a link. */
export interface GivenProof {
  readonly caller: Caller | undefined;
  readonly currentPassword: string | null;
  readonly newPassword: string | null;
}

/** By what somebody confirms: a session of the account, its password, or, where an admin asked, a password that they choose. */
type Proof =
  | { readonly by: 'session' }
  | { readonly by: 'password'; readonly password: PasswordProof }
  | { readonly by: 'new-password'; readonly hash: string };

/** Sees to it that a change of address is confirmed by who asked for it, and not by whoever happens to read the new mailbox. */
@Injectable()
export class EmailChangeProofs {
  constructor(
    private readonly current: CurrentPassword,
    private readonly passwords: NewPasswords,
    private readonly users: Users,
  ) {}

  /**
   * May take the time of a hash: call it outside any transaction.
   * @throws NotWhoAsked, WrongCurrentPassword, NewPasswordRequired, WeakPassword; TooManyRequests, Busy
   */
  async of(link: EmailChangeLink, given: GivenProof, context: RequestContext): Promise<Proof> {
    const { user, newPasswordRequired: isAskedByAdmin } = link;
    const { caller, currentPassword, newPassword } = given;
    if (caller?.userId === user.id) return { by: 'session' };
    if (currentPassword !== null) {
      return { by: 'password', password: await this.current.prove(user, currentPassword, context) };
    }
    if (!isAskedByAdmin) throw new NotWhoAsked();
    if (newPassword === null) throw new NewPasswordRequired();
    return { by: 'new-password', hash: await this.passwords.accept(newPassword, user, 'other') };
  }

  /** Things may have changed since. @throws WrongCurrentPassword, NotWhoAsked */
  async check(tx: Transaction, proof: Proof, { newPasswordRequired }: TokenDetails): Promise<void> {
    if (proof.by === 'password') await this.current.check(tx, proof.password);
    if (proof.by === 'new-password' && !newPasswordRequired) throw new NotWhoAsked();
  }

  /** After the change: a password that was chosen with it takes the place of the one before. */
  async settle(tx: Transaction, proof: Proof, userId: string, context: RequestContext): Promise<void> {
    if (proof.by !== 'new-password') return;
    const isFirst = await this.passwords.replace(tx, userId, proof.hash, 'password-reset', context);
    await this.users.change(tx, userId, (state) => completePasswordReset(state, isFirst), context);
  }
}
