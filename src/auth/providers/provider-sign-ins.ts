import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { RefusedByHandler } from '../../events/event-errors.js';
import { InjectLog, type Log } from '../../ops/log.js';
import { Metrics } from '../../ops/metrics.js';
import { DomainError } from '../../problems/domain-error.js';
import { UserStore } from '../../users/store/user-store.js';
import { Identities } from '../identities/identities.js';
import { RateLimits, TooManyRequests } from '../rate-limits/rate-limits.js';
import { RegistrationHandlers } from '../registration/before-registration.js';
import { SecondFactorRequired, SecondFactorSetupRequired } from '../second-factors/second-factor-errors.js';
import type { BrowserSignIn } from '../sessions/session-cookies.js';
import { ALIVE } from '../sessions/sessions.js';
import type { SignedInResponse } from '../sessions/signed-in.response.js';
import type { EnteredAttempt, SignInAttempt } from '../sign-in/sign-in-attempt.js';
import { InvalidCredentials } from '../sign-in/sign-in-errors.js';
import { SignInGate } from '../sign-in/sign-in-gate.js';
import { maySignIn } from '../sign-in/sign-in-outcomes.js';
import type { Person } from './clients/provider-client.js';
import { AskHandlersFirst, ProviderAccounts, type Settled } from './provider-accounts.js';
import {
  InvalidHandover,
  ProviderFailure,
  type ProviderProblem,
  ProviderRefusal,
  ProviderSignInRefused,
} from './provider-errors.js';
import { type Flow, type Handover, ProviderFlows } from './provider-flows.js';
import type { Provider } from './providers.js';

/** How a sign-in by a provider ended. `flow` is absent if it is not known which one came back. */
export type Finished =
  | { readonly kind: 'signed-in'; readonly flow: Flow; readonly signedIn: SignedInResponse }
  | {
      readonly kind: 'second-step';
      readonly flow: Flow;
      readonly step: SecondFactorRequired | SecondFactorSetupRequired;
    }
  | { readonly kind: 'handover'; readonly flow: Flow; readonly code: string }
  | { readonly kind: 'confirm'; readonly flow: Flow; readonly userId: string }
  | { readonly kind: 'linked'; readonly flow: Flow }
  | { readonly kind: 'problem'; readonly flow: Flow | undefined; readonly problem: ProviderProblem };

/** The browser that came back, and what is known of it. */
export interface Returned {
  readonly query: URLSearchParams;
  /** The hash of the cookie that it left with. */
  readonly browser: Buffer | undefined;
  readonly deviceToken: string | undefined;
  readonly cookieFor: (flow: Flow) => BrowserSignIn | undefined;
  readonly context: RequestContext;
  readonly locale: string | null;
}

type From = Pick<SignInAttempt, 'deviceToken' | 'rememberedDevice' | 'browser' | 'context'>;

/** A provider vouches for the person; how is not known here. Not registered with IANA, as nothing is for this (RFC 8176). */
const FEDERATED = 'fed';

/** Signs in, registers or links a person who comes back from a provider. */
@Injectable()
export class ProviderSignIns {
  private readonly outcomes;

  constructor(
    @InjectLog() private readonly log: Log,
    metrics: Metrics,
    private readonly transactions: Transactions,
    private readonly flows: ProviderFlows,
    private readonly accounts: ProviderAccounts,
    private readonly identities: Identities,
    private readonly handlers: RegistrationHandlers,
    private readonly gate: SignInGate,
    private readonly users: UserStore,
    private readonly limits: RateLimits,
  ) {
    this.outcomes = metrics.counter({
      name: 'roster_provider_sign_ins_total',
      help: 'Returns of browsers from providers to this server, by provider and outcome.',
      labels: ['provider', 'outcome'],
    });
  }

  /** Never throws what the person could do something about: that is a `problem`. */
  async finish(provider: Provider, returned: Returned): Promise<Finished> {
    const state = returned.query.get('state') ?? '';
    const { browser } = returned;
    const flow = browser && state !== '' ? await this.flows.take({ provider: provider.id, browser }, state) : undefined;
    let finished: Finished;
    try {
      finished = flow ? await this.go(provider, flow, returned, state) : problem(undefined, 'expired');
    } catch (error) {
      finished = this.problemOf(provider, flow, error, returned.context);
    }
    const outcome = finished.kind === 'problem' ? finished.problem : finished.kind;
    this.outcomes.inc({ provider: provider.id, outcome });
    return finished;
  }

  /**
   * An application exchanges the code that its user came back with.
   * @throws InvalidHandover, ProviderSignInRefused, TooManyRequests; SecondFactorRequired, SecondFactorSetupRequired
   */
  async exchange(
    provider: Provider,
    { code, codeVerifier }: { readonly code: string; readonly codeVerifier: string },
    from: From,
  ): Promise<SignedInResponse> {
    const attempt = await this.enter(provider, from);
    const handover = await this.flows.redeem(provider.id, code, codeVerifier);
    if (!handover) {
      await this.gate.refuse(attempt, 'wrong-proof');
      throw new InvalidHandover();
    }
    return this.admit(attempt, handover);
  }

  private async go(provider: Provider, flow: Flow, returned: Returned, state: string): Promise<Finished> {
    const { deviceToken, context, query } = returned;
    const attempt = await this.enter(provider, { deviceToken, browser: returned.cookieFor(flow), context });
    let person: Person;
    try {
      person = await provider.client.personOf({ ...this.flows.secretsOf(state), query });
    } catch (error) {
      if (error instanceof ProviderFailure && error.problem === 'failed')
        await this.gate.refuse(attempt, 'wrong-proof');
      throw error;
    }
    if (flow.purpose === 'link') return this.link(provider, flow, person, returned);
    const settled = await this.settle(provider, person, returned);
    switch (settled.outcome) {
      case 'confirm':
        return { kind: 'confirm', flow, userId: settled.userId };
      case 'no-address':
      case 'sign-in-first':
        return problem(flow, settled.outcome);
      case 'refuse':
        // For the evidence: the gate says why.
        if (settled.userId !== null) await this.gate.admit(attempt, settled.userId, () => Promise.resolve(false));
        return problem(flow, 'refused');
      default:
        if (flow.codeChallenge === null) return this.signIn(attempt, flow, settled);
        return { kind: 'handover', flow, code: await this.flows.handOver(provider.id, flow.codeChallenge, settled) };
    }
  }

  private async signIn(attempt: EnteredAttempt, flow: Flow, settled: Handover): Promise<Finished> {
    try {
      return { kind: 'signed-in', flow, signedIn: await this.admit(attempt, settled) };
    } catch (error) {
      const isStep = error instanceof SecondFactorRequired || error instanceof SecondFactorSetupRequired;
      if (!isStep) throw error;
      return { kind: 'second-step', flow, step: error };
    }
  }

  private async enter(provider: Provider, from: From): Promise<EnteredAttempt> {
    return this.gate.enter({ ...from, method: provider.id, amr: [FEDERATED] });
  }

  private async admit(attempt: EnteredAttempt, { userId, identityId }: Handover): Promise<SignedInResponse> {
    try {
      // It may have been unlinked since.
      return await this.gate.admit(attempt, userId, (tx) => this.identities.isHeld(tx, userId, identityId));
    } catch (error) {
      // That one speaks of a password.
      throw error instanceof InvalidCredentials ? new ProviderSignInRefused() : error;
    }
  }

  /** A new account counts as any registration does: it may cost a mail to an address that is a stranger's. @throws RefusedByHandler, TooManyRequests */
  private async settle(provider: Provider, person: Person, { context, locale }: Returned): Promise<Settled> {
    const decide = (isWelcome: boolean) =>
      this.transactions.run((tx) => this.accounts.settle({ tx, provider, person, context, locale, isWelcome }));
    try {
      return await decide(false);
    } catch (error) {
      if (!(error instanceof AskHandlersFirst)) throw error;
    }
    await this.limits.consumeForClient('registration', context.ip);
    const { firstName, lastName, profile } = person;
    await this.handlers.callWith({ email: profile.email ?? '', firstName, lastName, locale }, context);
    return decide(true);
  }

  /** Only while the session lives in which it was asked for. @throws ProviderRefusal */
  private async link(provider: Provider, flow: Flow, person: Person, { context, locale }: Returned): Promise<Finished> {
    await this.transactions.run(async (tx) => {
      // Before anything is looked at: an owner who proves the address ends the session, and unlinks what its creator had linked.
      await this.identities.lock(tx, person);
      const user = flow.userId === null ? null : await this.users.lockForUpdate(tx, flow.userId);
      await this.refuseEnded(tx, flow);
      if (!user || !maySignIn(user)) throw new ProviderRefusal('refused');
      const actor = { kind: 'user', id: user.id, role: user.role } as const;
      const by = { ...context, actor };
      await this.accounts.linkTo({ tx, provider, person, context: by, locale, isWelcome: false }, user.id);
    });
    return { kind: 'linked', flow };
  }

  private async refuseEnded(tx: Transaction, { userId, sessionId }: Flow): Promise<void> {
    const query = `SELECT FROM sessions WHERE id = $1 AND user_id = $2 AND ${ALIVE}`;
    const alive = await tx.query<unknown[]>(query, [sessionId, userId]);
    if (alive.length === 0) throw new ProviderRefusal('expired');
  }

  private problemOf(provider: Provider, flow: Flow | undefined, error: unknown, context: RequestContext): Finished {
    if (error instanceof ProviderFailure) {
      const line = { provider: provider.id, reason: error.message, traceId: context.traceId };
      if (error.problem !== 'denied') this.log.warn(line, `a sign-in by a provider ${error.problem}`);
      return problem(flow, error.problem);
    }
    if (error instanceof ProviderRefusal) return problem(flow, error.problem);
    if (error instanceof ProviderSignInRefused || error instanceof InvalidCredentials) return problem(flow, 'refused');
    if (error instanceof TooManyRequests) return problem(flow, 'busy');
    // A handler's own problem, too.
    if (error instanceof RefusedByHandler || error instanceof DomainError) return problem(flow, 'not-welcome');
    throw error;
  }
}

function problem(flow: Flow | undefined, kind: ProviderProblem): Finished {
  return { kind: 'problem', flow, problem: kind };
}
