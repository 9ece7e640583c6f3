import { Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import { type Transaction, Transactions } from '../database/transaction.js';
import { UserStore } from '../users/store/user-store.js';
import { readAbout } from './about.js';
import { type Fact, fact } from './facts.js';
import type { Found } from './found.js';
import type { HelpKind } from './help.dto.js';
import { MailFacts } from './mail-facts.js';
import { NameFacts } from './name-facts.js';
import { TraceFacts } from './trace-facts.js';
import { Viewer } from './viewer.js';

/** Finds out what happened, from anything that somebody may have at hand. */
@Injectable()
export class HelpService {
  constructor(
    private readonly transactions: Transactions,
    private readonly users: UserStore,
    private readonly names: NameFacts,
    private readonly traces: TraceFacts,
    private readonly mails: MailFacts,
  ) {}

  /** @param pasted an address, a name, an id; what is unknown is said so */
  async find(pasted: string, caller: Caller): Promise<{ readonly found: Found; readonly viewer: Viewer }> {
    const viewer = new Viewer(caller, this.users);
    const found = await this.transactions.run((tx) => this.search(tx, pasted, viewer));
    return { found: { ...found, facts: reasonsFirst(found.facts) }, viewer };
  }

  private async search(tx: Transaction, pasted: string, viewer: Viewer): Promise<Found> {
    const about = readAbout(pasted);
    switch (about.kind) {
      case 'message':
        return (await this.mail(tx, about.id, viewer)) ?? this.ofMessage(tx, about.address, viewer);
      case 'address':
        return this.names.ofAddress(tx, about.address, viewer);
      case 'phone':
        return this.names.ofPhone(tx, about.phone, viewer);
      case 'trace':
        return (await this.trace(tx, about.traceId, viewer)) ?? nothing('trace', fact('trace-unknown', {}));
      case 'id':
        return this.ofId(tx, about.id, viewer);
      case 'word':
        return (
          (await this.names.ofUsername(tx, about.word, viewer)) ??
          (await this.trace(tx, about.word, viewer)) ??
          this.names.ofFreeName(tx, about.word)
        );
    }
  }

  /** An address can look like the id of a message. */
  private async ofMessage(tx: Transaction, address: string, viewer: Viewer): Promise<Found> {
    const found = await this.names.ofAddress(tx, address, viewer);
    return found.user ? found : nothing('mail', fact('message-unknown', {}));
  }

  private async ofId(tx: Transaction, id: string, viewer: Viewer): Promise<Found> {
    const found = (await this.names.ofId(tx, id, viewer)) ?? (await this.mail(tx, id, viewer));
    // A trace id of ours is a UUID without its hyphens.
    const traced = found ?? (await this.trace(tx, id.replaceAll('-', ''), viewer));
    return traced ?? nothing('user', fact('id-unknown', { sees: viewer.isAdmin ? 'all' : 'some' }));
  }

  private async mail(tx: Transaction, id: string, viewer: Viewer): Promise<Found | undefined> {
    const found = await this.mails.ofId(tx, id, viewer);
    return found.mails.length > 0 ? { kind: 'mail', ...found } : undefined;
  }

  private async trace(tx: Transaction, traceId: string, viewer: Viewer): Promise<Found | undefined> {
    const { userIds, ...found } = await this.traces.of(tx, traceId, viewer);
    if (found.facts.length === 0) return undefined;
    const [id, ...others] = userIds;
    const user = id === undefined || others.length > 0 ? null : await this.users.find(tx, id);
    return { kind: 'trace', ...found, ...(viewer.sees(user) && { user }) };
  }
}

function nothing(kind: HelpKind, ...facts: Fact[]): Found {
  return { kind, facts, mails: [] };
}

function reasonsFirst(facts: readonly Fact[]): Fact[] {
  return facts.toSorted((one, other) => Number(other.isReason) - Number(one.isReason));
}
