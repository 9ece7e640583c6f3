import { Injectable } from '@nestjs/common';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { checkEmailChange, requestEmailChange } from '../../users/aggregate/decide-credentials.js';
import { type ActionRequest, UserActions } from '../../users/api/user-actions.js';
import { UserStore } from '../../users/store/user-store.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import { CurrentPassword, WrongCurrentPassword } from '../password-change/current-password.js';
import { AddressThrottle } from '../one-time-tokens/address-throttle.js';
import type { ChangeEmailDto } from './email-change.dto.js';

/** The address of a link as the subject of its token: bound to it by the HMAC, and deleted with it. */
export const subjectOf = (newEmail: string): string => Buffer.from(newEmail).toString('base64url');
export const addressOf = (subject: string): string => Buffer.from(subject, 'base64url').toString();

/** Creates links that confirm a new address; Mail sends them after commit, and notifies the old address. */
@Injectable()
export class EmailChangeLinks {
  private readonly ttl: number;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly actions: UserActions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
    private readonly current: CurrentPassword,
  ) {
    this.ttl = settings.VERIFICATION_TOKEN_TTL;
  }

  /**
   * Works the same whether or not the address is taken; its owner gets a different mail then.
   * @throws Forbidden, UserNotFound, WrongCurrentPassword, EmailUnchanged, PreconditionFailed; RefusedByHandler; HashingOverloaded
   */
  async request(given: Omit<ActionRequest, 'action'>, { newEmail, currentPassword }: ChangeEmailDto): Promise<void> {
    const act: ActionRequest = { ...given, action: 'email' };
    const { user } = await this.actions.findAllowed(act);
    // Required of admins too: a leaked token must not suffice to take over the account.
    const isSelf = act.caller.userId === user.id;
    if (isSelf && currentPassword == null) throw new WrongCurrentPassword();
    const proof = isSelf
      ? await this.current.prove(user, currentPassword ?? '', act.context, act.caller.sessionId)
      : undefined;
    await this.actions.perform(
      act,
      (state) => {
        checkEmailChange(state, newEmail);
        return [];
      },
      async (tx) => {
        if (proof) await this.current.check(tx, proof);
        await this.sendIfDue(tx, act, newEmail);
      },
    );
  }

  /**
   * Sends no mail if this account requested one for the same address within the last minute and no other since, or if the address
   * has used up its daily allowance. Only the link for the latest requested address is valid.
   */
  private async sendIfDue(tx: Transaction, { id, caller, context }: ActionRequest, newEmail: string): Promise<void> {
    const isSelf = caller.userId === id;
    const subject = subjectOf(newEmail);
    const isAnother = await this.tokens.replaceOthers(tx, id, 'confirm-email-change', subject);
    const origin = { ...context, sessionId: isSelf ? caller.sessionId : null };
    const expiresAt = await this.tokens.issue(tx, id, 'confirm-email-change', this.ttl, origin, subject);
    // A change by an admin does not require the current password: a new one is set with the link.
    if (!isSelf) await this.tokens.requireNewPassword(tx, [id], 'confirm-email-change');
    const asked = { mail: 'email-change', email: newEmail, subject: id, isAnother } as const;
    if (!(await this.throttle.take(tx, asked, context))) return;
    await this.users.change(tx, id, (state) => requestEmailChange(state, newEmail, expiresAt), context);
  }
}
