import type { NewUserEvent } from '../../events/catalogue.js';
import { removeAuthenticator } from '../../users/aggregate/decide-credentials.js';
import type { UserState } from '../../users/aggregate/user.js';
import { type Identity, identityLabel } from './identities.js';

/** The decider for an identity that was removed. */
export function identityRemoved({ provider, profile }: Identity): (state: UserState) => NewUserEvent[] {
  return (state) => removeAuthenticator(state, provider, identityLabel(profile));
}
