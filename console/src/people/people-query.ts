import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answer, api } from '../api/client.js';
import type { UserPage, UserSort } from '../api/schema.js';
import type { PeopleSearch, YesNo } from './people-search.js';

export const PAGE_SIZE = 50;
export const PEOPLE_KEY = ['people'] as const;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface ListQuery {
  readonly sort?: UserSort;
  readonly limit?: number;
  readonly cursor?: string;
  readonly search?: string;
  readonly status?: string;
  readonly role?: string;
  readonly emailVerified?: boolean;
  readonly hasSecondFactor?: boolean;
  readonly isProfessional?: boolean;
  readonly createdAfter?: string;
  readonly lastLoginAfter?: string;
  readonly lastLoginBefore?: string;
}

/** The parameters of the API for what the address says. @param now decides what "in the last 7 days" is, to the hour */
export function listQuery(search: PeopleSearch, now: Date): ListQuery {
  const { status, role, verified, factor, professional, created, signedIn } = search;
  const term = search.search?.trim();
  const signedInAt = signedIn === undefined ? undefined : daysBefore(now, signedIn.replace('not-', ''));
  return {
    sort: search.sort ?? '-createdAt',
    ...(term && { search: term }),
    ...(status && { status: status.join(',') }),
    ...(role && { role: role.join(',') }),
    ...(verified && { emailVerified: isYes(verified) }),
    ...(factor && { hasSecondFactor: isYes(factor) }),
    ...(professional && { isProfessional: isYes(professional) }),
    ...(created && { createdAfter: daysBefore(now, created) }),
    ...(signedInAt !== undefined &&
      (signedIn?.startsWith('not-') ? { lastLoginBefore: signedInAt } : { lastLoginAfter: signedInAt })),
  };
}

const isYes = (value: YesNo): boolean => value === 'yes';

/** The same for an hour, since a cursor belongs to one time. */
function daysBefore(now: Date, days: string): string {
  const hour = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  return new Date(hour - Number.parseInt(days, 10) * DAY_MS).toISOString();
}

/** A page of the list. The page before stays while the next one loads. */
export function peopleQuery(search: PeopleSearch, now: Date) {
  const query = { ...listQuery(search, now), limit: PAGE_SIZE, ...(search.cursor && { cursor: search.cursor }) };
  return queryOptions({
    queryKey: [...PEOPLE_KEY, query],
    queryFn: ({ signal }): Promise<UserPage> => answer(api.GET('/users', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

const LARGEST_PAGE = 100;

/** The first so many people of the list. */
export async function firstPeople(search: PeopleSearch, count: number, now: Date): Promise<UserPage['items']> {
  const people: UserPage['items'] = [];
  let cursor: string | null | undefined;
  do {
    const query = { ...listQuery(search, now), limit: LARGEST_PAGE, ...(cursor && { cursor }) };
    const page = await answer(api.GET('/users', { params: { query } }));
    people.push(...page.items);
    cursor = page.page.nextCursor;
  } while (cursor && people.length < count);
  return people.slice(0, count);
}
