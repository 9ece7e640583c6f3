import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import type { UserEntity } from '../users/store/user.entity.js';
import { AccountFacts } from './account-facts.js';
import { CredentialFacts } from './credential-facts.js';
import { type Fact, fact } from './facts.js';
import { MailFacts, type MailsFound } from './mail-facts.js';
import { SignInFacts } from './sign-in-facts.js';
import type { Viewer } from './viewer.js';

/** Everything that explains why one person cannot sign in, or got no mail. */
@Injectable()
export class PersonFacts {
  constructor(
    private readonly accounts: AccountFacts,
    private readonly signIns: SignInFacts,
    private readonly credentials: CredentialFacts,
    private readonly mails: MailFacts,
  ) {}

  async of(tx: Transaction, user: UserEntity, viewer: Viewer): Promise<MailsFound> {
    const facts = await this.accounts.of(tx, user, viewer);
    if (user.erasedAt !== null) return { facts, mails: [] };
    const isStanding = user.deletedAt === null && !user.pending;
    if (isStanding && viewer.may('methods', user)) facts.push(...(await this.credentials.of(tx, user)));
    facts.push(...(await this.signIns.of(tx, user, viewer)));
    if (user.pending && viewer.may('signIns', user)) {
      for (const name of [user.email, user.username]) {
        if (name !== null) facts.push(...(await this.signIns.ofName(tx, name)));
      }
    }
    if (!viewer.may('signIns', user)) facts.push(fact('staff-only', {}));
    else if (!facts.some(({ isReason }) => isReason)) facts.push(fact('nothing-in-the-way', {}));
    facts.push(signedInLast(user));

    const found = await this.mails.ofUser(tx, user, viewer);
    return { facts: [...facts, ...found.facts], mails: found.mails };
  }
}

function signedInLast({ lastLoginAt }: UserEntity): Fact {
  return lastLoginAt === null ? fact('never-signed-in', {}) : fact('signed-in', {}, lastLoginAt);
}
