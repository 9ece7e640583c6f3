/**
 * Operational, outside log and version: part of the statement that starts a session.
 * @param user the parameter with the user's id, such as `$1`
 */
export const recordSignIn = (user: string): string =>
  `UPDATE users SET last_login_at = now() WHERE id = ${user} RETURNING last_login_at AS "lastLoginAt"`;
