import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { InjectLog, type Log } from '../../ops/log.js';
import type { Transaction } from '../../database/transaction.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { LinkRequests } from '../one-time-tokens/link-requests.js';
import type { HashWork } from '../passwords/hash-pool/hash-request.js';
import { Passwords } from '../passwords/passwords.js';
import { maySignIn } from '../sign-in/sign-in-outcomes.js';
import { ImportedUsers } from '../user-import/imported-users.js';
import { ElsewhereHandlers } from './verify-elsewhere.js';

type Owner = Pick<UserEntity, 'id' | 'email' | 'username'>;

/** Password sign-ins of users who were imported without a password. */
@Injectable()
export class ImportedSignIns {
  constructor(
    private readonly imported: ImportedUsers,
    private readonly elsewhere: ElsewhereHandlers,
    private readonly passwords: Passwords,
    private readonly requests: LinkRequests,
    private readonly users: UserStore,
    @InjectLog() private readonly log: Log,
  ) {}

  /**
   * Asks the old system, if there is a `@VerifyElsewhere`, and keeps a password that it says is right.
   * @returns when it was set; undefined if nobody says that it is right
   */
  async adopt(owner: Owner, password: string, work: HashWork): Promise<Date | undefined> {
    if (!this.elsewhere.areThere) return undefined;
    const origin = await this.imported.openOriginOf(owner.id);
    if (!origin) return undefined;
    const { id: userId, email, username } = owner;
    const { source, externalId } = origin;
    const isRight = await this.elsewhere.verify({ userId, email, username, source, externalId, password });
    return isRight ? this.passwords.adopt(userId, password, (tx) => this.isStillOpen(tx, userId), work) : undefined;
  }

  /** The old system and the hash took their time: meanwhile an owner may have proved the address, or the person been erased. */
  private async isStillOpen(tx: Transaction, userId: string): Promise<boolean> {
    const user = await this.users.lockForUpdate(tx, userId);
    return user !== null && maySignIn(user) && (await this.imported.isOpen(tx, userId));
  }

  /** Mails a link to choose a password, at most once a minute and after the answer, which neither waits for it nor tells of it. */
  offerPassword(owner: Owner, context: RequestContext): void {
    const offer = async (): Promise<void> => {
      if (owner.email === null || !(await this.imported.originOf(owner.id))) return;
      await this.requests.add('reset-password', owner.email, context);
    };
    offer().catch((err: unknown) => this.log.warn({ err }, 'could not mail an imported user a link for a password'));
  }
}
