import type { User } from '../api/schema.js';

/** What somebody is called: the full name, or what else there is; undefined for nothing. */
export function nameOf(
  user: Pick<User, 'firstName' | 'lastName' | 'nickname' | 'username' | 'email'>,
): string | undefined {
  const full = [user.firstName, user.lastName].filter((part) => part !== null).join(' ');
  return [full, user.nickname, user.username, user.email].find((name) => name !== null && name !== '') ?? undefined;
}

/** What has to be typed before an erasure: the address, or else what is as much one's own. */
export function typedForErasure({ email, username, id }: Pick<User, 'email' | 'username' | 'id'>): string {
  return email ?? username ?? id;
}
