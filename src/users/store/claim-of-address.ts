import { Raw } from 'typeorm';
import type { UserEntity } from './user.entity.js';

/**
 * `pending: false` in words: as a parameter, it would keep the plan that is kept from `users_email_owner`, which is partial, and so
 * PostgreSQL would plan each time anew.
 */
export const NOT_PENDING = Raw<boolean>((pending) => `NOT ${pending}`);

/**
 * The condition for the unconfirmed registrations of an address. Two indexes serve it: `users_email_claims`, and `users_by_email` for
 * lists. It names the address in the words of both, as PostgreSQL takes the latter while its statistics know of nobody who is
 * pending, and would read all who are since.
 * @param key the parameter with the address's key, such as `$1`
 */
export function isClaimOf(key: string): string {
  return `email_key = ${key} AND (coalesce(email_key, '') COLLATE "C") = ${key} AND pending`;
}

/** The ids of its owner and of its newest claim. Each half uses its own index; there is none for both. */
export const idsOfAddress = (key: string): string => `
  SELECT id FROM users WHERE email_key = ${key} AND NOT pending
  UNION ALL (SELECT id FROM users WHERE ${isClaimOf(key)} ORDER BY id DESC LIMIT 1)`;

/** Whom an address or a username leads to. */
export interface Addressees {
  /** The user who confirmed it or was assigned it by an admin. */
  readonly owner: UserEntity | null;
  /** The latest unconfirmed registration for it. */
  readonly claim: UserEntity | null;
}

export function addressees(users: readonly UserEntity[]): Addressees {
  return {
    owner: users.find(({ pending }) => !pending) ?? null,
    claim: users.find(({ pending }) => pending) ?? null,
  };
}
