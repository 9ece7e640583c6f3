import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import { StepUpCheck } from '../../access/step-up.js';
import { Transactions } from '../../database/transaction.js';
import { ValidationFailed } from '../../http/request/validation.js';
import { UserActions } from '../../users/api/user-actions.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { InvitationLinks } from '../invitation/invitation-links.js';
import { Passwords } from '../passwords/passwords.js';
import type { CreateUserDto } from './create-user.dto.js';
import { Idempotency } from './idempotency.js';

/** Creates or invites users on behalf of managers and admins. */
@Injectable()
export class UserCreationService {
  constructor(
    private readonly transactions: Transactions,
    private readonly actions: UserActions,
    private readonly passwords: Passwords,
    private readonly invitations: InvitationLinks,
    private readonly idempotency: Idempotency,
    private readonly stepUps: StepUpCheck,
  ) {}

  /**
   * @param key of an idempotent request; see `Idempotency`
   * @throws StepUpRequired for a role above AUTHENTICATED; Forbidden for one that the caller may not give; EmailTaken, UsernameTaken, NamelessUser, InvalidUsername,
   *   WeakPassword; KeyInUse, KeyReused; RefusedByHandler
   */
  async create(
    input: CreateUserDto,
    caller: Caller,
    context: RequestContext,
    key: string | undefined,
  ): Promise<UserResponse> {
    const { password, role = 'AUTHENTICATED', ...rest } = input;
    // As much as giving the role to somebody who is there.
    if (role !== 'AUTHENTICATED') await this.stepUps.require(caller, { passwordInBody: false });
    const hash = password == null ? undefined : await this.hash(password, input);
    const isInvited = input.email != null && hash === undefined;
    const command = { ...rest, role, how: isInvited ? 'invitation' : 'admin' } as const;
    return this.transactions.run((tx) =>
      this.idempotency.once(tx, { key, callerId: caller.userId, body: withoutPassword(input) }, () =>
        this.actions.create(tx, command, { caller, context }, async (user) => {
          if (hash !== undefined) await this.passwords.set(tx, user.id, hash);
          if (isInvited) await this.invitations.send(tx, user, context);
        }),
      ),
    );
  }

  private async hash(password: string, { email, username, firstName, lastName, nickname }: CreateUserDto) {
    if (email == null && username == null) {
      throw new ValidationFailed([{ path: 'password', message: 'requires an email address or a username' }]);
    }
    return this.passwords.accept(password, { email, names: [username, firstName, lastName, nickname] });
  }
}

/**
 * Identifies a repeated request by the presence of a password, not by its value. With the database and `SECRET_KEY`, its HMAC could
 * be guessed a million times faster than its hash.
 */
function withoutPassword({ password, ...rest }: CreateUserDto): object {
  return { ...rest, hasPassword: password != null };
}
