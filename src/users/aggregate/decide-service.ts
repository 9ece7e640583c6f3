// Deciders for service accounts.
import { type Scope, scopeText } from '../../access/scopes.js';
import { event, type NewUserEvent } from '../../events/catalogue.js';
import { refuseDeleted } from './decide.js';
import type { UserState } from './user.js';
import { UserNotFound } from './user-errors.js';

/** What the log says of a new key; never the key itself. */
export interface MadeKey {
  readonly id: string;
  readonly name: string;
  readonly expiresAt: Date | null;
  readonly networks: readonly string[];
}

/** No event when the scope is the same. @throws UserNotFound */
export function changeScope(state: UserState, scopes: readonly Scope[]): NewUserEvent[] {
  refuseOthers(state);
  const [from, to] = [state.scope ?? '', scopeText(scopes)];
  return from === to ? [] : [event('user.scope_changed', { from, to })];
}

/** @throws UserNotFound */
export function createKey(state: UserState, { id, name, expiresAt, networks }: MadeKey): NewUserEvent[] {
  refuseOthers(state);
  const limits = {
    expiresAt: expiresAt?.toISOString() ?? null,
    networks: networks.length === 0 ? null : networks.join(' '),
  };
  return [event('user.key_created', { keyId: id, name, ...limits })];
}

/** @throws UserNotFound */
export function retireKey(state: UserState, keyId: string): NewUserEvent[] {
  refuseOthers(state);
  return [event('user.key_retired', { keyId })];
}

/** @throws UserNotFound for a person, whom keys would let others act as, and for a deleted account */
function refuseOthers(state: UserState): void {
  refuseDeleted(state);
  if (state.kind !== 'SERVICE') throw new UserNotFound();
}
