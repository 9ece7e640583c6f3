import { isPlainName } from '../../users/aggregate/account-name.js';
import type { UserEntity } from '../../users/store/user.entity.js';

/** Bidirectional controls, which would reorder the line, also in plain text (UAX #9, 2). */
const DIRECTIONS = /[\u202A-\u202E\u2066-\u2069]/g;
/**
 * The name in the greeting of a mail. Anybody may register another person's address under any name, and mail programs turn names that look
 * like links into links: until the address is proved, only a short name of letters is used.
 */
export function greetingName({
  firstName,
  nickname,
  emailVerified,
}: Pick<UserEntity, 'firstName' | 'nickname' | 'emailVerified'>): string | null {
  const name = (firstName ?? nickname)?.replace(DIRECTIONS, '').trim() || null;
  return name !== null && (emailVerified || isPlainName(name)) ? name : null;
}

/** The name in a mail to an address that may be a stranger's, even if the user has proved another one. */
export function strangersGreeting({ firstName, nickname }: Pick<UserEntity, 'firstName' | 'nickname'>): string | null {
  return greetingName({ firstName, nickname, emailVerified: false });
}
