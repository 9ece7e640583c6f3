import type { Settings } from '../config/settings.js';

export type Addresses = Pick<Settings, 'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'MIGRATION_DATABASE_URL'>;

/**
 * For everything bound to a session: settings, advisory locks, LISTEN, temporary tables. Bypasses a pooler in transaction mode,
 * which would leave them to the next client.
 */
export function sessionAddress({
  DATABASE_DIRECT_URL,
  DATABASE_URL = '',
}: Omit<Addresses, 'MIGRATION_DATABASE_URL'>): string {
  return DATABASE_DIRECT_URL ?? DATABASE_URL;
}

/** For migrations: connects as the schema owner, also bypassing a pooler. */
export function ownerAddress(addresses: Addresses): string {
  return addresses.MIGRATION_DATABASE_URL ?? sessionAddress(addresses);
}

/** The other addresses used by servers, the direct one first; each may connect as a different role. */
export function serverAddresses(addresses: Addresses): { readonly url: string; readonly pooled: boolean }[] {
  const { DATABASE_DIRECT_URL: direct, DATABASE_URL: url = '' } = addresses;
  const ways = [
    ...(direct === undefined ? [] : [{ url: direct, pooled: false }]),
    { url, pooled: direct !== undefined },
  ];
  return ways.filter((way) => way.url !== ownerAddress(addresses));
}
