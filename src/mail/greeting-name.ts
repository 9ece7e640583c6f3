import type { UserEntity } from '../users/user.entity.js';

/** They turn the line round in which they stand, in a text part too (UAX #9, 2). */
const DIRECTIONS = /[\u202A-\u202E\u2066-\u2069]/g;
const PLAIN_NAME = /^[\p{L}\p{M}][\p{L}\p{M}\p{Zs}'’-]{0,39}$/u;

/**
 * Somebody may register another person's address under any name, and mail programs make links of what looks like one: until
 * the address is proved, only a short name of letters is greeted.
 */
export function greetingName({
  firstName,
  nickname,
  emailVerified,
}: Pick<UserEntity, 'firstName' | 'nickname' | 'emailVerified'>): string | null {
  const name = (firstName ?? nickname)?.replace(DIRECTIONS, '').trim() || null;
  return name !== null && (emailVerified || PLAIN_NAME.test(name)) ? name : null;
}

/** For a mail to an address that may be a stranger's, whatever else the user has proved. */
export function strangersGreeting({ firstName, nickname }: Pick<UserEntity, 'firstName' | 'nickname'>): string | null {
  return greetingName({ firstName, nickname, emailVerified: false });
}

/** The name of a user to show to somebody else: theirs to choose, so likewise only one of letters. */
export function plainName({ firstName, lastName, nickname }: UserEntity): string | null {
  const name = [firstName, lastName].filter((part) => part !== null).join(' ') || nickname;
  return name !== null && PLAIN_NAME.test(name) ? name : null;
}
