import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller } from '../../access/caller.js';
import { UserPasskeys } from '../../auth/passkeys/user-passkeys.js';
import { SecondFactors } from '../../auth/second-factors/second-factors.js';
import { SignInMethods } from '../../auth/sign-in-methods/sign-in-methods.js';
import { Transactions } from '../../database/transaction.js';
import { HostedPages } from '../../http/pages/hosted-pages.js';
import { UserActions } from '../../users/api/user-actions.js';
import type { ShownProvider } from '../../http/pages/shown-provider.js';
import type { ProviderProblemShown } from '../provider-problem.js';
import { at, type Here } from './account-frame.js';
import { LinkedAccounts } from './linked-accounts.js';

interface Used {
  readonly addedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const LISTED = ['password', 'magic-link', 'passkey'];

/** What the page about sign-in and security shows. */
export interface Security extends Here {
  readonly has: Readonly<Record<'password' | 'magicLink' | 'totp' | 'factor' | 'providers', boolean>>;
  readonly password: { addedAt: Date | null; removable: boolean } | null;
  readonly otherMethods: readonly { id: string; label: string; removable: boolean }[];
  readonly passkeys: readonly (Used & { id: string; name: string })[];
  readonly totp: Used | null;
  /** At other providers; `account` is what the person is known by there. */
  readonly identities: readonly (Used & ShownProvider & { account: string | null; removable: boolean })[];
  /** Providers of which the person has none yet. */
  readonly linkable: readonly ShownProvider[];
  readonly providerProblem: ProviderProblemShown | null;
  /** Unused recovery codes. */
  readonly codesLeft: number;
}

/** What to say of a change: the sentence of `flash.hbs`, and the error that means that it was made before. */
interface Outcome {
  readonly done: string;
  readonly gone: abstract new () => Error;
}

/** Collects what there is to sign in with, as the API lists it, and answers changes of it. */
@Injectable()
export class SecurityOverview {
  constructor(
    private readonly pages: HostedPages,
    private readonly actions: UserActions,
    private readonly transactions: Transactions,
    private readonly methods: SignInMethods,
    private readonly factors: SecondFactors,
    private readonly passkeys: UserPasskeys,
    private readonly linked: LinkedAccounts,
  ) {}

  async of(caller: Caller): Promise<{ readonly values: Security; readonly locale: string | null }> {
    const id = caller.userId;
    const { user } = await this.actions.findAllowed({ id, action: 'factors', caller });
    const { held } = await this.methods.listFor({ id, caller });
    const shown = held.map(({ method, addedAt, removable }) => ({
      id: method.id,
      label: method.offer().label,
      addedAt,
      removable: removable && held.length > 1,
    }));
    const passkeys = await this.passkeys.list({ id, caller });
    const password = shown.find((method) => method.id === 'password') ?? null;
    const magicLink = shown.some((method) => method.id === 'magic-link');
    const { hasFactor, totp, codesLeft } = await this.factorsOf(id);
    const { identities, linkable } = await this.linked.of(caller);
    const values = {
      ...at('security'),
      has: {
        password: password !== null,
        magicLink,
        totp: totp !== null,
        factor: hasFactor,
        providers: identities.length + linkable.length > 0,
      },
      password,
      totp,
      codesLeft,
      ...{ identities, linkable, providerProblem: null },
      // Passkeys and linked accounts have lists of their own.
      otherMethods: shown.filter(({ id: method }) => !LISTED.includes(method) && !this.linked.isProvider(method)),
      passkeys: passkeys.map(({ id, name, createdAt: addedAt, lastUsedAt }) => ({ id, name, addedAt, lastUsedAt })),
    };
    return { values, locale: user.locale };
  }

  /** The second factors of the caller, who may always see them. */
  async factorsOf(userId: string): Promise<Pick<Security, 'totp' | 'codesLeft'> & { readonly hasFactor: boolean }> {
    return this.transactions.run(async (tx) => {
      const held = await this.factors.heldBy(tx, userId);
      const totp = held.find(({ kind }) => kind === 'totp') ?? null;
      return { totp, hasFactor: held.length > 0, codesLeft: await this.factors.recoveryCodesLeft(tx, userId) };
    });
  }

  /** Leads back to the page once a change is made, or shows there why it was not. */
  async answer(reply: FastifyReply, caller: Caller, change: Promise<unknown>, outcome: Outcome): Promise<string> {
    try {
      await change;
    } catch (error) {
      // The form was sent twice, or another window was faster: it is gone, as was wanted.
      if (!(error instanceof outcome.gone)) {
        const { values, locale } = await this.of(caller);
        return this.pages.refuse(reply, 'account-security', values, error, locale);
      }
    }
    return this.pages.redirect(reply, '/account/security', outcome.done);
  }
}
