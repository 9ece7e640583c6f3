import type { UserState } from './user.js';

type NamedUser = Pick<UserState, 'firstName' | 'lastName' | 'nickname' | 'username' | 'email'>;

const PLAIN_NAME = /^[\p{L}\p{M}][\p{L}\p{M}\p{Zs}'’-]{0,39}$/u;

/** A short name made of letters. Users choose their names freely, and mail clients turn anything that looks like a URL into a link. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name);
}

/** The name under which a user is shown to others; only a plain one, because users choose it themselves. */
export function plainName({ firstName, lastName, nickname }: Omit<NamedUser, 'username' | 'email'>): string | null {
  const name = [firstName, lastName].filter((part) => part !== null).join(' ') || nickname;
  return name !== null && isPlainName(name) ? name : null;
}

/** "Ada Lovelace (ada)": lets a person tell whether an account is their own. */
export function accountName(user: NamedUser): string | null {
  const name = plainName(user);
  return name !== null && user.username !== null ? `${name} (${user.username})` : (name ?? user.username);
}

/** "c…@example.com": recognisable to the owner of the address, and disclosed to nobody else. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return `${[...address.slice(0, at)][0] ?? ''}…${address.slice(at)}`;
}
