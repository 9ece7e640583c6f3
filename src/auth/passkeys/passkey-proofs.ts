import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import type { Caller } from '../../access/caller.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { SignInTickets } from '../second-factors/sign-in-tickets.js';
import { Challenges } from './challenges.js';
import { PasskeyNotFound } from './passkey-errors.js';
import { Passkeys } from './passkeys.js';
import { handleOf, RelyingParty } from './relying-party.js';

/** What a browser is asked for where the user is known already: in the second step of a sign-in, and to step up. */
@Injectable()
export class PasskeyProofs {
  constructor(
    private readonly transactions: Transactions,
    private readonly tickets: SignInTickets,
    private readonly challenges: Challenges,
    private readonly passkeys: Passkeys,
    private readonly site: RelyingParty,
  ) {}

  /**
   * @param token of the ticket that the first step gave
   * @param binding the value of the cookie of the browser that took it
   * @throws SignInExpired, PasskeyNotFound
   */
  async forSecondStep(token: string, binding: string | undefined): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.transactions.run(async (tx) => {
      const { id, userId } = await this.tickets.find(tx, token, 'sign-in', binding);
      return this.options(tx, userId, id);
    });
  }

  /** @throws PasskeyNotFound */
  async forStepUp({ userId, sessionId }: Caller): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.transactions.run((tx) => this.options(tx, userId, sessionId));
  }

  private async options(
    tx: Transaction,
    userId: string,
    boundTo: string,
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const usable = (await this.passkeys.ofUser(tx, userId)).filter(({ rpId }) => rpId === this.site.id);
    // An empty list would have the browser offer those of other accounts.
    if (usable.length === 0) throw new PasskeyNotFound();
    const challenge = await this.challenges.issue(tx, { purpose: 'proof', userId, boundTo });
    return this.site.requestOptions(challenge, 'preferred', usable.map(handleOf));
  }
}
