import type { UserState } from '../aggregate/user.js';
import { UserResponse } from '../api/user.response.js';

/**
 * A user as it was. Nothing can be done with the past, so it links to itself only; and it has no `ETag`, which would be that of
 * another resource. Lockout and sign-ins are not part of the record, and null.
 */
export class PastUserResponse extends UserResponse {
  static of(state: UserState): PastUserResponse {
    const self = { href: `/users/${state.id}?version=${state.version}`, method: 'GET' };
    const user = UserResponse.from({ ...state, lockedUntil: null, lastLoginAt: null }, state.updatedAt, state);
    return Object.assign(new PastUserResponse(), user, { _links: { self } });
  }
}
