import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { SignInMethods } from '../../auth/methods/sign-in-methods.js';
import { OneTimeTokens } from '../../auth/one-time-tokens/one-time-tokens.js';
import type { TokenDetails } from '../../auth/one-time-tokens/token-rows.js';
import { Passwords } from '../../auth/passwords/passwords.js';
import { UnlockLinks } from '../../auth/unlock/unlock-links.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import type { TokenPurpose } from '../../events/catalogue.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { linkLife } from './link-life.js';

/** What the list of occasions asks others for. */
@Injectable()
export class OccasionFacts {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly users: UserStore,
    private readonly tokens: OneTimeTokens,
    private readonly passwords: Passwords,
    private readonly methods: SignInMethods,
    private readonly unlockLinks: UnlockLinks,
  ) {}

  async ownerOf(tx: Transaction, email: string | null): Promise<UserEntity | null> {
    return email === null ? null : this.users.ownerOf(tx, email);
  }

  /** Who asked for the link, when and from where; undefined when it was withdrawn or used. */
  async link(
    tx: Transaction,
    userId: string,
    purpose: TokenPurpose,
    subject?: string,
  ): Promise<TokenDetails | undefined> {
    return this.tokens.forDelivery(tx, userId, purpose, linkLife(purpose, this.settings), subject);
  }

  async issueUnlockLink(tx: Transaction, userId: string, context: RequestContext): Promise<Date> {
    return this.unlockLinks.issue(tx, userId, context);
  }

  async passwordChangedFrom(tx: Transaction, userId: string): ReturnType<Passwords['changedFrom']> {
    return this.passwords.changedFrom(tx, userId);
  }

  /** As people are offered it. */
  methodName(kind: string): string {
    return (
      this.methods
        .all()
        .find(({ id }) => id === kind)
        ?.offer().label ?? kind
    );
  }
}
