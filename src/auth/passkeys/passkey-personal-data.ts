import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonalDataRegistry } from '../../events/personal-data-registry.js';
import { Passkeys } from './passkeys.js';

/** Passkeys in exports and erasures. Keys and challenges are not exported. */
@Injectable()
export class PasskeyPersonalData implements OnModuleInit {
  constructor(
    private readonly registry: PersonalDataRegistry,
    private readonly passkeys: Passkeys,
  ) {}

  onModuleInit(): void {
    this.registry.register({
      name: 'passkeys',
      tables: ['passkeys', 'passkey_challenges'],
      export: async (tx, userId) =>
        (await this.passkeys.ofUser(tx, userId)).map(
          ({ name, rpId, createdAt, lastUsedAt, transports, backedUp, aaguid }) => ({
            name,
            host: rpId,
            createdAt,
            lastUsedAt,
            transports,
            backedUp,
            authenticatorModel: aaguid,
          }),
        ),
      erase: (tx, { id }) => this.passkeys.removeAll(tx, id),
    });
  }
}
