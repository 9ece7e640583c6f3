import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { identityLabel } from '../../auth/identities/identities.js';
import { Providers } from '../../auth/providers/providers.js';
import { UserIdentities } from '../../auth/providers/user-identities.js';
import { shownProvider } from '../../http/pages/shown-provider.js';

/** The accounts at other providers that a person has linked, and those that could be. */
@Injectable()
export class LinkedAccounts {
  constructor(
    private readonly providers: Providers,
    private readonly identities: UserIdentities,
  ) {}

  isProvider(method: string): boolean {
    return this.providers.all().some(({ id }) => id === method);
  }

  async of(caller: Caller) {
    const held = await this.identities.list({ id: caller.userId, caller });
    const known = this.providers.all();
    const identities = held.map(({ id, provider, profile, linkedAt: addedAt, lastUsedAt, removable }) => {
      const { name, mark } = shownProvider(known.find((one) => one.id === provider) ?? gone(provider));
      return { id, name, mark, account: identityLabel(profile), addedAt, lastUsedAt, removable };
    });
    const linkable = known.filter(({ id }) => !held.some(({ provider }) => provider === id)).map(shownProvider);
    return { identities, linkable };
  }
}

/** A provider that is not in the settings any more. */
const gone = (id: string) => ({ id, name: id, preset: null });
