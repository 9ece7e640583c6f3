import type { UserState } from '../aggregate/user.js';
import { UserResponse } from '../api/user.response.js';

/**
 * A past state of a user. It cannot be acted on, so it links only to itself; and it has no `ETag`, which would be that of another
 * resource. Lockouts and sign-ins are not in the log, so their fields are null.
 */
export class PastUserResponse extends UserResponse {
  static of(state: UserState): PastUserResponse {
    const self = { href: `/users/${state.id}?version=${state.version}`, method: 'GET' };
    const user = UserResponse.from({ ...state, lockedUntil: null, lastLoginAt: null }, state.updatedAt, state);
    return Object.assign(new PastUserResponse(), user, { _links: { self } });
  }
}
