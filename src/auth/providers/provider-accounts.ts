import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import type { ProviderSettings } from '../../config/provider-settings.js';
import { lock, type Transaction } from '../../database/transaction.js';
import { loseClaim, verifyEmail } from '../../users/aggregate/decide.js';
import { addAuthenticator, proveByMagicLink } from '../../users/aggregate/decide-credentials.js';
import { addressKey } from '../../users/aggregate/identifiers.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { type Identity, identityLabel, Identities } from '../identities/identities.js';
import { ClaimPasswords } from '../passwords/claim-passwords.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { VerificationLinks } from '../verification/verification-links.js';
import type { Person } from './clients/provider-client.js';
import { type AccountState, type EmailClaim, linkingOutcome, type LinkingOutcome } from './linking-rules.js';
import { fillProfile } from './profile-filling.js';
import { ProviderRefusal } from './provider-errors.js';

/** What was done with a person who came back. */
export type Settled =
  | { readonly outcome: 'known' | 'register' | 'link' | 'prove'; readonly userId: string; readonly identityId: string }
  /** A registration waits for its link. */
  | { readonly outcome: 'confirm'; readonly userId: string }
  | { readonly outcome: 'refuse' | 'sign-in-first' | 'no-address'; readonly userId: string | null };

/** A person at a provider, in a transaction. */
interface Arrival {
  readonly tx: Transaction;
  readonly provider: ProviderSettings;
  readonly person: Person;
  readonly context: RequestContext;
  /** BCP 47, for a new account. */
  readonly locale: string | null;
  /** Whether `@BeforeRegistration` handlers were asked, and let the person in. */
  readonly isWelcome: boolean;
}

/** The account is to be registered, and handlers were not asked whether it may: they are to be asked outside the transaction. */
export class AskHandlersFirst extends Error {}

/** Decides, inside the transaction, which account a person at a provider is, by `linkingOutcome`. */
@Injectable()
export class ProviderAccounts {
  constructor(
    private readonly users: UserStore,
    private readonly identities: Identities,
    private readonly claimPasswords: ClaimPasswords,
    private readonly newPasswords: NewPasswords,
    private readonly verification: VerificationLinks,
  ) {}

  /** @throws AskHandlersFirst, RefusedByHandler */
  async settle(arrival: Arrival): Promise<Settled> {
    const { tx, person } = arrival;
    // First of all locks: others who bring this identity wait here.
    await this.identities.lock(tx, person);
    const email = person.profile.email;
    // In the common lock order: the address before any row.
    if (email !== null) await lock(tx, `address:${addressKey(email)}`);
    const known = await this.identities.byKey(tx, person);
    if (known) {
      const settled = await this.return(arrival, known);
      if (settled) return settled;
    }
    if (email === null) return { outcome: 'no-address', userId: null };
    return this.arrive(arrival, email);
  }

  /**
   * Links the person to a user who asked for it, unless somebody else has that identity. A registration that nobody has confirmed is
   * nobody. Call it with the locks on the identity and on the user's row.
   * @throws ProviderRefusal `taken`
   */
  async linkTo(arrival: Arrival, userId: string): Promise<void> {
    const { tx, person, context } = arrival;
    const known = await this.identities.byKey(tx, person);
    const holder = known && (await this.users.lockForUpdate(tx, known.userId));
    if (known && holder?.id === userId) return this.identities.use(tx, known, person.profile);
    if (holder && !holder.pending) throw new ProviderRefusal('taken');
    // There is none if the registration came to nothing while this waited.
    if (holder) await this.dropClaim(tx, holder.id, context);
    await this.add(arrival, userId);
  }

  /** Somebody whose identity is linked, whatever address the provider names now. @returns undefined if it is to be linked anew */
  private async return({ tx, provider, person, context }: Arrival, known: Identity): Promise<Settled | undefined> {
    const user = await this.users.lockForUpdate(tx, known.userId);
    // While this waited for the row, the registration came to nothing, or the person was erased, so that nothing can be sealed for them.
    if (!user) return undefined;
    if (user.erasedAt !== null) return { outcome: 'refuse', userId: user.id };
    if (!user.pending) {
      await this.identities.use(tx, known, person.profile);
      return { outcome: 'known', userId: user.id, identityId: known.id };
    }
    const { email } = person.profile;
    const isSame = email !== null && user.email !== null && addressKey(email) === addressKey(user.email);
    if (!isSame || (claimOf(person) === 'verified' && provider.isTrusted)) {
      // The registration came to nothing: the person has another address now, or it needs no link any more.
      await this.dropClaim(tx, known.userId, context);
      return undefined;
    }
    await this.identities.use(tx, known, person.profile);
    await this.verification.send(tx, { id: user.id, email: user.email ?? email }, context);
    return { outcome: 'confirm', userId: user.id };
  }

  /** Somebody whose identity is linked to nobody. */
  private async arrive(arrival: Arrival, email: string): Promise<Settled> {
    const { tx, provider, person } = arrival;
    const { owner: found, claim } = await this.users.ofAddress(tx, email);
    const owner = found && (await this.users.lockForUpdate(tx, found.id));
    const hasSibling = owner !== null && (await this.hasSibling(arrival, owner.id));
    const outcome = linkingOutcome(claimOf(person), provider.isTrusted, stateOf(owner, claim), hasSibling);
    if (outcome === 'register' || outcome === 'confirm') return this.create(arrival, email, outcome);
    if (!owner || outcome === 'refuse' || outcome === 'sign-in-first' || outcome === 'no-address') {
      return { outcome: outcome as 'refuse' | 'sign-in-first', userId: owner?.id ?? null };
    }
    return { outcome, userId: owner.id, identityId: await this.link(arrival, owner.id, outcome) };
  }

  /** By the issuer, too: an operator may give a provider another id. */
  private async hasSibling({ tx, provider, person }: Arrival, userId: string): Promise<boolean> {
    const held = await this.identities.ofUser(tx, userId);
    return held.some((one) => one.provider === provider.id || one.issuer === person.issuer);
  }

  private async link(
    arrival: Arrival,
    userId: string,
    outcome: Extract<LinkingOutcome, 'link' | 'prove'>,
  ): Promise<string> {
    const { tx, context } = arrival;
    if (outcome === 'prove') {
      // The person who made the account may know its password, or have factors and identities of their own in it.
      const hadPassword = await this.newPasswords.forgetAll(tx, userId, context);
      await this.users.change(tx, userId, (state) => proveByMagicLink(state, hadPassword), context);
    }
    return this.add(arrival, userId);
  }

  /** @throws AskHandlersFirst */
  private async create(arrival: Arrival, email: string, outcome: 'register' | 'confirm'): Promise<Settled> {
    const { tx, person, context, locale, isWelcome } = arrival;
    if (!isWelcome) throw new AskHandlersFirst();
    const { firstName, lastName } = person;
    const created = { email, firstName, lastName, locale, role: 'AUTHENTICATED', how: 'registration' } as const;
    const { id: userId } = await this.users.create(tx, created, context);
    // Before the address is confirmed, so that nobody gets a mail about the first way to sign in.
    const identityId = await this.add(arrival, userId);
    if (outcome === 'confirm') {
      await this.verification.send(tx, { id: userId, email }, context, true);
      return { outcome, userId };
    }
    await this.users.change(tx, userId, verifyEmail, context);
    await this.claimPasswords.keepProved(tx, userId, addressKey(email), false);
    return { outcome, userId, identityId };
  }

  private async add({ tx, provider, person, context }: Arrival, userId: string): Promise<string> {
    const id = await this.identities.add(tx, userId, { provider: provider.id, ...person });
    const label = identityLabel(person.profile);
    await this.users.change(tx, userId, (state) => addAuthenticator(state, provider.id, label), context);
    await this.users.change(tx, userId, (state) => fillProfile(state, provider.preset, person.profile), context);
    return id;
  }

  private async dropClaim(tx: Transaction, userId: string, context: RequestContext): Promise<void> {
    await this.users.change(tx, userId, (state) => loseClaim(state), context);
  }
}

function claimOf({ profile }: Person): EmailClaim {
  if (profile.email === null) return 'none';
  return profile.emailVerified ? 'verified' : 'not';
}

function stateOf(owner: UserEntity | null, claim: UserEntity | null): AccountState {
  if (!owner) return claim ? 'pending' : 'none';
  if (owner.deletedAt !== null) return 'deleted';
  if (owner.suspendedAt !== null) return 'suspended';
  return owner.emailVerified ? 'proved' : 'unproved';
}
