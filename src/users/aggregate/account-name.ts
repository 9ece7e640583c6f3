import type { UserState } from './user.js';

type NamedUser = Pick<UserState, 'firstName' | 'lastName' | 'nickname' | 'username' | 'email'>;

const PLAIN_NAME = /^[\p{L}\p{M}][\p{L}\p{M}\p{Zs}'’-]{0,39}$/u;

/** A short name of letters. Names are anybody's to choose, and mail programs make links of what looks like one. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name);
}

/** The name of a user to show to somebody else: theirs to choose, so only a plain one. */
export function plainName({ firstName, lastName, nickname }: Omit<NamedUser, 'username' | 'email'>): string | null {
  const name = [firstName, lastName].filter((part) => part !== null).join(' ') || nickname;
  return name !== null && isPlainName(name) ? name : null;
}

/** "Ada Lovelace (ada)": by which a person recognises an account as theirs, and a stranger as none of theirs. */
export function accountName(user: NamedUser): string | null {
  const name = plainName(user);
  return name !== null && user.username !== null ? `${name} (${user.username})` : (name ?? user.username);
}

/** "c…@example.com": an address that its owner recognises, and nobody else learns. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return `${[...address.slice(0, at)][0] ?? ''}…${address.slice(at)}`;
}
