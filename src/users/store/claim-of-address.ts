/**
 * The condition for the unconfirmed registrations of an address. Two indexes serve it: `users_email_claims`, and `users_by_email` for
 * lists. It names the address in the words of both, as PostgreSQL takes the latter while its statistics know of nobody who is
 * pending, and would read all who are since.
 * @param key the parameter with the address's key, such as `$1`
 */
export function isClaimOf(key: string): string {
  return `email_key = ${key} AND (coalesce(email_key, '') COLLATE "C") = ${key} AND pending`;
}
