import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import type { ContactKind } from '../events/catalogue.js';
import { addressKey } from '../users/aggregate/identifiers.js';
import { UserEntity } from '../users/store/user.entity.js';
import { UserStore } from '../users/store/user-store.js';
import { AccountFacts } from './account-facts.js';
import { type Fact, fact } from './facts.js';
import type { Found } from './found.js';
import { MailFacts } from './mail-facts.js';
import { PersonFacts } from './person-facts.js';
import { SignInFacts } from './sign-in-facts.js';
import { nameOf, type Viewer } from './viewer.js';

const MOST_USERS = 10;

/** Finds people by what names them: id, address, username, phone number. */
@Injectable()
export class NameFacts {
  constructor(
    private readonly users: UserStore,
    private readonly people: PersonFacts,
    private readonly accounts: AccountFacts,
    private readonly signIns: SignInFacts,
    private readonly mails: MailFacts,
  ) {}

  async ofId(tx: Transaction, id: string, viewer: Viewer): Promise<Found | undefined> {
    const user = await this.users.find(tx, id);
    if (user) return viewer.sees(user) ? this.person(tx, 'user', user, viewer) : undefined;
    const facts = viewer.isAdmin ? await this.accounts.ofErased(tx, id, viewer) : [];
    return facts.length > 0 ? { kind: 'user', facts, mails: [] } : undefined;
  }

  async ofUsername(tx: Transaction, word: string, viewer: Viewer): Promise<Found | undefined> {
    const user = await this.users.byUsername(tx, word);
    return viewer.sees(user) ? this.person(tx, 'username', user, viewer) : undefined;
  }

  /** Of a username that nobody has. */
  async ofFreeName(tx: Transaction, word: string): Promise<Found> {
    const facts = await this.signIns.ofName(tx, word);
    return { kind: 'username', facts: [...facts, fact('word-unknown', {})], mails: [] };
  }

  /** The owner of the address, else the newest registration, and everybody else who has to do with it. */
  async ofAddress(tx: Transaction, address: string, viewer: Viewer): Promise<Found> {
    const { owner, claim } = await this.users.ofAddress(tx, address);
    const user = [owner, claim].find((one) => viewer.sees(one));
    const found = user ? await this.person(tx, 'address', user, viewer) : undefined;
    const sent = await this.mails.toAddress(tx, address, viewer);
    const shown = new Set(found?.mails.map(({ id }) => id));
    const others = sent.mails.filter(({ id }) => !shown.has(id));
    const facts: Fact[] = [
      ...(found?.facts ?? [fact('address-unknown', { sees: viewer.isAdmin ? 'all' : 'some' })]),
      ...(user ? [] : await this.signIns.ofName(tx, address)),
      ...(await this.contactsWith(tx, 'email', address, viewer)),
      ...(await this.besides(tx, address, user)),
      ...sent.facts.filter(({ values }) => !('mailId' in values) || !shown.has(values.mailId)),
    ];
    return { kind: 'address', ...(user && { user }), facts, mails: [...(found?.mails ?? []), ...others] };
  }

  async ofPhone(tx: Transaction, phone: string, viewer: Viewer): Promise<Found> {
    const having = await tx
      .getRepository(UserEntity)
      .find({ where: { phone }, order: { id: 'DESC' }, take: MOST_USERS });
    const [user, ...others] = having.filter((one) => viewer.sees(one));
    const found = user && (await this.person(tx, 'phone', user, viewer));
    const named = (others.length > 0 ? [user, ...others] : []).flatMap((one) =>
      one ? [fact('phone-shared', { userId: one.id, name: nameOf(one) })] : [],
    );
    const contacts = await this.contactsWith(tx, 'phone', phone, viewer);
    if (found) return { ...found, facts: [...found.facts, ...named, ...contacts] };
    return { kind: 'phone', facts: contacts.length > 0 ? contacts : [fact('phone-unknown', {})], mails: [] };
  }

  private async person(tx: Transaction, kind: Found['kind'], user: UserEntity, viewer: Viewer): Promise<Found> {
    return { kind, user, ...(await this.people.of(tx, user, viewer)) };
  }

  /** Registrations that wait beside the account, or beside the newest of them. */
  private async besides(tx: Transaction, address: string, user: UserEntity | undefined): Promise<Fact[]> {
    const all = await this.accounts.registrationsFor(tx, address);
    const isAlone = !all || (user?.pending === true && all.registrations === 1);
    return isAlone ? [] : [fact('registrations', all, all.newest)];
  }

  private async contactsWith(tx: Transaction, kind: ContactKind, value: string, viewer: Viewer): Promise<Fact[]> {
    const spellings = kind === 'email' ? [value, addressKey(value)] : [value];
    const having = await tx
      .getRepository(UserEntity)
      .createQueryBuilder('user')
      .where(`contacts <> '[]' AND contacts @> ANY (:wanted::jsonb[])`, {
        wanted: spellings.map((one) => JSON.stringify([{ kind, value: one }])),
      })
      .limit(MOST_USERS)
      .getMany();
    return having
      .filter((user) => viewer.sees(user) && viewer.may('contacts', user))
      .map((user) => {
        const contact = user.contacts.find((one) => one.kind === kind && spellings.includes(one.value));
        return fact('address-of-contact', {
          userId: user.id,
          name: nameOf(user),
          confirmed: contact?.confirmedAt != null,
        });
      });
  }
}
