import type { UserRole, UserSort, UserStatus } from '../api/schema.js';
import { oneOf, severalOf, text } from '../app/search.js';

export const STATUSES = [
  'ACTIVE',
  'PENDING',
  'LOCKED',
  'SUSPENDED',
  'DELETED',
] as const satisfies readonly UserStatus[];
export const ROLES = ['AUTHENTICATED', 'MANAGER', 'ADMIN'] as const satisfies readonly UserRole[];
export const SORTS = [
  '-createdAt',
  'createdAt',
  'email',
  '-email',
  '-lastLoginAt',
  'lastLoginAt',
] as const satisfies readonly UserSort[];
export const YES_NO = ['yes', 'no'] as const;
export type YesNo = (typeof YES_NO)[number];

/** Spans before now, which mean the same to everybody who opens the address. */
export const SIGNED_IN = ['1d', '7d', '30d', 'not-30d', 'not-90d', 'not-365d'] as const;
export const CREATED = ['1d', '7d', '30d', '365d'] as const;
export type SignedIn = (typeof SIGNED_IN)[number];
export type Created = (typeof CREATED)[number];

export const COLUMNS = [
  'email',
  'username',
  'role',
  'status',
  'verified',
  'professional',
  'lastSignIn',
  'created',
  'phone',
  'locale',
] as const;
export type Column = (typeof COLUMNS)[number];
export const DEFAULT_COLUMNS: readonly Column[] = ['email', 'role', 'status', 'lastSignIn', 'created'];

/** What stands in the address of the page. */
export interface PeopleSearch {
  readonly search?: string | undefined;
  readonly status?: UserStatus[] | undefined;
  readonly role?: UserRole[] | undefined;
  readonly verified?: YesNo | undefined;
  readonly factor?: YesNo | undefined;
  readonly professional?: YesNo | undefined;
  readonly signedIn?: SignedIn | undefined;
  readonly created?: Created | undefined;
  readonly sort?: UserSort | undefined;
  readonly columns?: Column[] | undefined;
  readonly cursor?: string | undefined;
  /** The bulk act whose progress and results are shown. */
  readonly bulk?: string | undefined;
}

export const NO_FILTERS: PeopleSearch = {
  search: undefined,
  status: undefined,
  role: undefined,
  verified: undefined,
  factor: undefined,
  professional: undefined,
  signedIn: undefined,
  created: undefined,
  cursor: undefined,
};

export const LONGEST_SEARCH = 100;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function readPeopleSearch(given: Record<string, unknown>): PeopleSearch {
  const bulk = text(given['bulk']);
  return {
    search: text(given['search'])?.slice(0, LONGEST_SEARCH),
    status: severalOf(given['status'], STATUSES),
    role: severalOf(given['role'], ROLES),
    verified: oneOf(given['verified'], YES_NO),
    factor: oneOf(given['factor'], YES_NO),
    professional: oneOf(given['professional'], YES_NO),
    signedIn: oneOf(given['signedIn'], SIGNED_IN),
    created: oneOf(given['created'], CREATED),
    sort: oneOf(given['sort'], SORTS),
    columns: severalOf(given['columns'], COLUMNS),
    cursor: text(given['cursor']),
    bulk: bulk !== undefined && UUID.test(bulk) ? bulk : undefined,
  };
}

export function isFiltered(search: PeopleSearch): boolean {
  return Object.keys(NO_FILTERS).some((name) => name !== 'cursor' && search[name as keyof PeopleSearch] !== undefined);
}
