import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Identities } from '../identities/identities.js';
import { ProviderFlows } from './provider-flows.js';

/** Identities in exports and erasures. What is on its way to a provider is not exported. */
@Injectable()
export class IdentityPersonalData implements OnModuleInit {
  constructor(
    private readonly registry: PersonalDataRegistry,
    private readonly identities: Identities,
    private readonly flows: ProviderFlows,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'identities',
      tables: ['identities', 'provider_flows'],
      export: async (tx, userId) =>
        (await this.identities.ofUser(tx, userId)).map(
          ({ provider, issuer, subject, profile, linkedAt, lastUsedAt }) => ({
            ...{ provider, issuer, subject },
            ...profile,
            ...{ linkedAt, lastUsedAt },
          }),
        ),
      erase: async (tx, { id }) => {
        await this.flows.forgetOf(tx, id);
        await this.identities.remove(tx, id, 'all');
      },
    });
  }
}
