import { Injectable } from '@nestjs/common';
import { changePassword } from '../../users/aggregate/decide-credentials.js';
import { type ActionRequest, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import type { BrowserCookie } from '../sessions/session-cookies.js';
import { SessionRenewals } from '../sessions/session-renewals.js';
import { CurrentPassword } from './current-password.js';
import type { ChangePasswordDto } from './password-change.dto.js';

/** Changes the password of a signed-in user who knows the current one. */
@Injectable()
export class PasswordChangeService {
  constructor(
    private readonly actions: UserActions,
    private readonly users: UserStore,
    private readonly current: CurrentPassword,
    private readonly passwords: NewPasswords,
    private readonly renewals: SessionRenewals,
  ) {}

  /**
   * @param browser the cookie of the request, which gets a new value
   * @throws Forbidden, UserNotFound, WrongCurrentPassword, WeakPassword, PreconditionFailed; RefusedByHandler; HashingOverloaded
   */
  async change(
    given: Omit<ActionRequest, 'action'>,
    { currentPassword, newPassword }: ChangePasswordDto,
    browser?: BrowserCookie,
  ): Promise<void> {
    const act: ActionRequest = { ...given, action: 'password' };
    const { user } = await this.actions.findAllowed(act);
    const proof = await this.current.prove(user, currentPassword, act.context, act.caller.sessionId);
    const hash = await this.passwords.accept(newPassword, user, 'known');
    // The user is only changed once the proof is known to still hold.
    const nothing = () => [];
    await this.actions.perform(act, nothing, async (tx) => {
      await this.current.check(tx, proof);
      await this.passwords.replace(tx, user.id, hash, 'password-changed', act.context, act.caller.sessionId);
      await this.renewals.renewCookie(tx, browser);
      await this.users.change(tx, user.id, changePassword, act.context);
    });
  }
}
