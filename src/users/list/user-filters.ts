import { Brackets, type SelectQueryBuilder } from 'typeorm';
import { allows, type Rank } from '../../access/policy.js';
import { USER_ROLES } from '../../access/role.js';
import type { Transaction } from '../../database/transaction.js';
import { searchPatterns } from '../aggregate/search-text.js';
import { UserEntity } from '../store/user.entity.js';
import type { UserStatus } from '../api/user.response.js';
import type { ListUsersQuery } from '../api/users.dto.js';

export type Matching = SelectQueryBuilder<UserEntity>;
export type Filters = ReturnType<typeof filtersOf>;

/** What a list is of: its filters, who asks for it, and when, which decides who is locked. */
export interface Wanted {
  readonly filters: Filters;
  readonly viewer: Rank;
  readonly now: Date;
  /** Only registrations that wait, or only other users; both, where a status is of either. */
  readonly pending?: boolean;
}

/** The filters of the list; a cursor is bound to them. */
export function filtersOf(query: ListUsersQuery) {
  const { search, role, status, isProfessional, emailVerified, hasSecondFactor } = query;
  return {
    search: search === undefined ? undefined : searchPatterns(search),
    // Where there is one, as it was before there could be several: cursors of the release before go on.
    role: role?.length === 1 ? role[0] : role?.toSorted(),
    status: status?.length === 1 ? status[0] : status?.toSorted(),
    isProfessional,
    emailVerified,
    hasSecondFactor,
    createdAfter: query.createdAfter?.toISOString(),
    createdBefore: query.createdBefore?.toISOString(),
    lastLoginAfter: query.lastLoginAfter?.toISOString(),
    lastLoginBefore: query.lastLoginBefore?.toISOString(),
    includeDeleted: query.includeDeleted === true ? true : undefined,
    // Of people where it is absent: cursors of the release before go on.
    kind: query.kind === 'SERVICE' ? query.kind : undefined,
  };
}

const IS_STATUS: Readonly<Record<UserStatus, string>> = {
  // Same rule as `statusOf`.
  DELETED: 'deleted_at IS NOT NULL',
  SUSPENDED: 'deleted_at IS NULL AND suspended_at IS NOT NULL',
  LOCKED: 'deleted_at IS NULL AND suspended_at IS NULL AND locked_until > :now',
  PENDING: 'pending AND deleted_at IS NULL AND suspended_at IS NULL AND (locked_until IS NULL OR locked_until <= :now)',
  ACTIVE:
    'NOT pending AND deleted_at IS NULL AND suspended_at IS NULL AND (locked_until IS NULL OR locked_until <= :now)',
};

// As in the index `users_by_sign_in`.
const SIGNED_IN_AT = `coalesce(last_login_at, '-infinity'::timestamptz)`;

/** Users who match the filters, as far as the viewer may know that they do. */
export function matching(tx: Transaction, wanted: Wanted): Matching {
  const builder = tx.getRepository(UserEntity).createQueryBuilder('user');
  const { search, isProfessional, emailVerified, hasSecondFactor, ...filters } = wanted.filters;
  ofStatus(builder, wanted);
  // Not a parameter, see below.
  builder.andWhere(wanted.filters.kind === 'SERVICE' ? `account_kind = 'SERVICE'` : `account_kind = 'PERSON'`);
  if (search !== undefined) builder.andWhere(hasAll(search), patternsOf(search));
  const { role } = filters;
  if (role !== undefined) builder.andWhere(Array.isArray(role) ? 'role = ANY (:role)' : 'role = :role', { role });
  // Not parameters: the planner matches the partial indexes by their literal conditions.
  if (isProfessional !== undefined) builder.andWhere(isProfessional ? 'is_professional' : 'NOT is_professional');
  if (emailVerified !== undefined) builder.andWhere(emailVerified ? 'email_verified' : 'NOT email_verified');
  if (hasSecondFactor !== undefined) {
    builder.andWhere(hasSecondFactor ? 'has_second_factor' : 'NOT has_second_factor').andWhere(seenBy(wanted.viewer));
  }
  const { createdAfter, createdBefore, lastLoginAfter, lastLoginBefore } = filters;
  if (createdAfter !== undefined) builder.andWhere('created_at > :createdAfter', { createdAfter });
  if (createdBefore !== undefined) builder.andWhere('created_at < :createdBefore', { createdBefore });
  if (lastLoginAfter !== undefined) builder.andWhere(`${SIGNED_IN_AT} > :lastLoginAfter`, { lastLoginAfter });
  if (lastLoginBefore !== undefined) {
    // Not those who have never signed in. Nobody signs in before they exist, by whichever clock: so the newest are not walked through.
    builder
      .andWhere(`${SIGNED_IN_AT} > '-infinity' AND ${SIGNED_IN_AT} < :lastLoginBefore`, { lastLoginBefore })
      .andWhere(`created_at < :lastLoginBefore::timestamptz + interval '1 day'`);
  }
  return builder;
}

function ofStatus(builder: Matching, { filters: { status, includeDeleted }, now, pending }: Wanted): void {
  if (status === undefined) {
    builder.where(includeDeleted ? 'NOT pending' : 'NOT pending AND deleted_at IS NULL');
    return;
  }
  // Without those that cannot be: the planner does not see that they find nobody, and walks through everybody for them.
  const impossible = pending === undefined ? undefined : pending ? 'ACTIVE' : 'PENDING';
  const any = new Brackets((where) => {
    for (const one of [status].flat()) if (one !== impossible) where.orWhere(`(${IS_STATUS[one]})`, { now });
  });
  builder.where(any);
  if (pending !== undefined) builder.andWhere(pending ? 'pending' : 'NOT pending');
}

/** Users whose second factors the viewer may see: no others are found by them. */
function seenBy(viewer: Rank): Brackets {
  const roles = USER_ROLES.filter((role) => allows(viewer, 'factors', { id: '', role }));
  return new Brackets((where) => {
    where.where('"user".id = :viewerId OR role = ANY (:seenRoles)', { viewerId: viewer.id, seenRoles: roles });
  });
}

/** One condition per word, since `LIKE ALL` cannot use an index. */
export function hasAll(patterns: readonly string[]): string {
  return patterns.map((_pattern, place) => `search LIKE :search${place}`).join(' AND ');
}

export function patternsOf(patterns: readonly string[]): Record<string, string> {
  return Object.fromEntries(patterns.map((pattern, place) => [`search${place}`, pattern]));
}
