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

/** The address that a link is for, as the subject of its token: bound to it by the HMAC, and gone with it. */
export const subjectOf = (newEmail: string): string => Buffer.from(newEmail).toString('base64url');
export const addressOf = (subject: string): string => Buffer.from(subject, 'base64url').toString();

/** Makes links due that prove a new address; Mail sends them after commit, and tells the old address. */
@Injectable()
export class EmailChangeLinks {
  private readonly ttl: number;

  constructor(
    @InjectSettings() settings: Settings,
    private readonly acts: UserActions,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly throttle: AddressThrottle,
    private readonly current: CurrentPassword,
  ) {
    this.ttl = settings.VERIFICATION_TOKEN_TTL;
  }

  /**
   * Does the same whether or not the address is taken; its owner gets another mail then.
   * @throws Forbidden, UserNotFound, WrongCurrentPassword, EmailUnchanged, PreconditionFailed; RefusedByHandler; Busy
   */
  async request(given: Omit<ActionRequest, 'action'>, { newEmail, currentPassword }: ChangeEmailDto): Promise<void> {
    const act: ActionRequest = { ...given, action: 'email' };
    const { user } = await this.acts.findAllowed(act);
    // Of an admin too: a token that was left behind is not enough to take the account over.
    const isSelf = act.caller.userId === user.id;
    if (isSelf && currentPassword == null) throw new WrongCurrentPassword();
    const proof = isSelf
      ? await this.current.prove(user, currentPassword ?? '', act.context, act.caller.sessionId)
      : undefined;
    await this.acts.perform(
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
   * Mails nothing when this account had the address mailed within the last minute and asked for no other since, or when the address has
   * had its mails of the day. The link for the address that was asked for last is the one that is good.
   */
  private async sendIfDue(tx: Transaction, { id, caller, context }: ActionRequest, newEmail: string): Promise<void> {
    const isSelf = caller.userId === id;
    const subject = subjectOf(newEmail);
    const isAnother = await this.tokens.replaceOthers(tx, id, 'confirm-email-change', subject);
    const origin = { ...context, sessionId: isSelf ? caller.sessionId : null };
    const expiresAt = await this.tokens.issue(tx, id, 'confirm-email-change', this.ttl, origin, subject);
    // Who opens the link of an admin's change need not know the password: they choose one.
    if (!isSelf) await this.tokens.requireNewPassword(tx, [id], 'confirm-email-change');
    const asked = { mail: 'email-change', email: newEmail, subject: id, isAnother } as const;
    if (!(await this.throttle.take(tx, asked, context))) return;
    await this.users.change(tx, id, (state) => requestEmailChange(state, newEmail, expiresAt), context);
  }
}
