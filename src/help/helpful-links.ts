import type { Link, UserResponse } from '../users/api/user.response.js';
import type { UserEntity } from '../users/store/user.entity.js';
import type { Fact, FactCode } from './facts.js';
import type { Viewer } from './viewer.js';

/** What helps against what: names of links of a user. */
const REMEDIES: Readonly<Partial<Record<FactCode, string>>> = {
  suspended: 'reinstate',
  deleted: 'restore',
  'second-factor-pending': 'resetFactors',
  'no-way-in': 'email',
  'no-own-address': 'email',
};

const LOCKS: readonly FactCode[] = ['locked', 'known-device-locked', 'link-check-locked'];
/** Guesses of second factors are allowed anew by an ADMIN only; see `UnlockService`. */
const LOCKS_OF_SECOND_STEP: readonly FactCode[] = ['second-step-locked', 'second-step-known-locked'];

/** The links of the user that help against these facts, and that the viewer may follow. */
export function helpfulLinks(
  facts: readonly Fact[],
  user: UserEntity,
  shown: UserResponse,
  viewer: Viewer,
): Record<string, Link> {
  const codes = new Set(facts.map(({ code }) => code));
  const links: Record<string, Link> = {};
  const unlocked = viewer.isAdmin ? [...LOCKS, ...LOCKS_OF_SECOND_STEP] : LOCKS;
  // The link among those of the user is there for a lock of the whole account only.
  if (unlocked.some((code) => codes.has(code)) && user.deletedAt === null && viewer.may('unlock', user)) {
    links['unlock'] = { href: `/users/${user.id}/unlock`, method: 'POST' };
  }
  for (const code of codes) {
    const name = REMEDIES[code];
    const link = name === undefined ? undefined : shown._links[name];
    if (name !== undefined && link) links[name] = link;
  }
  return links;
}
