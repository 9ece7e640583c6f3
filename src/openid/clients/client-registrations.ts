import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import { Idempotency } from '../../auth/user-creation/idempotency.js';
import { Transactions } from '../../database/transaction.js';
import type { NewClient } from './client.js';
import { ClientRegistry, type ClientWithSecret } from './client-registry.js';

/** Registers clients for callers of the API, whose request may be repeated. */
@Injectable()
export class ClientRegistrations {
  constructor(
    private readonly transactions: Transactions,
    private readonly registry: ClientRegistry,
    private readonly idempotency: Idempotency,
  ) {}

  /**
   * @param key of an idempotent request; a repeated one gets the client without its secret, which is kept nowhere
   * @throws ValidationFailed; KeyInUse, KeyReused; ClientNotFound if it was deleted since
   */
  async create(
    input: NewClient,
    caller: Caller,
    context: RequestContext,
    key: string | undefined,
  ): Promise<ClientWithSecret> {
    let created: ClientWithSecret | undefined;
    // What is kept goes with the caller, about whom it is.
    const { clientId } = await this.transactions.run((tx) =>
      this.idempotency.once(tx, { key, callerId: caller.userId, body: { createClient: { ...input } } }, async () => {
        created = await this.registry.create(tx, input, context);
        return { id: caller.userId, clientId: created.client.clientId };
      }),
    );
    return created ?? { client: await this.registry.findById(clientId) };
  }
}
