import { isPlainName } from '../../users/aggregate/account-name.js';
import type { UserEntity } from '../../users/store/user.entity.js';

/** They turn the line round in which they stand, in a text part too (UAX #9, 2). */
const DIRECTIONS = /[\u202A-\u202E\u2066-\u2069]/g;
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
  return name !== null && (emailVerified || isPlainName(name)) ? name : null;
}

/** For a mail to an address that may be a stranger's, whatever else the user has proved. */
export function strangersGreeting({ firstName, nickname }: Pick<UserEntity, 'firstName' | 'nickname'>): string | null {
  return greetingName({ firstName, nickname, emailVerified: false });
}
