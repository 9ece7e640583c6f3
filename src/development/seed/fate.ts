/** What became of a user; `manager` and `admin` are active, too. */
export type Fate =
  'active' | 'admin' | 'manager' | 'locked' | 'suspended' | 'pending' | 'invited' | 'expired' | 'deleted' | 'erased';

/** With fewer users, all are active: benchmarks and tests sign in whom they find. */
export const ENOUGH_FOR_EVERY_FATE = 1000;

export const ADMINS = 2;
const MANAGERS = 8;

interface Born {
  /** The number of the user, from 0. */
  readonly index: number;
  readonly count: number;
  /** In milliseconds. */
  readonly age: number;
  readonly pendingFor: number;
  readonly deletedFor: number;
}

/** Who comes to what: in every thousand users is each of these. */
export function fateOf({ index, count, age, pendingFor, deletedFor }: Born): Fate {
  if (count < ENOUGH_FOR_EVERY_FATE) return 'active';
  if (index < ADMINS) return 'admin';
  if (index < ADMINS + MANAGERS || index % 5000 === 2999) return 'manager';
  if (index % 100 === 37) return 'suspended';
  if (index % 1000 === 211) return 'locked';
  if (index % 250 === 113) return 'deleted';
  if (age > 2 * deletedFor && index % 200 === 77) return 'erased';
  // Registrations that nobody confirms are removed in time.
  if (age < 0.9 * pendingFor) return index % 8 === 3 ? 'pending' : index % 8 === 6 ? 'invited' : 'active';
  return 'active';
}

/** Registrations that came to nothing, beside the users: they are in the log alone. */
export const isFollowedByExpired = (index: number, count: number, age: number, pendingFor: number): boolean =>
  count >= ENOUGH_FOR_EVERY_FATE && index % 25 === 5 && age > pendingFor;
