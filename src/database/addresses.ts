import type { Settings } from '../config/settings.js';

export type Addresses = Pick<Settings, 'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'MIGRATION_DATABASE_URL'>;

/**
 * For whatever belongs to a session: settings, advisory locks, LISTEN, temporary tables. Past a pooler that gives out connections by
 * transaction, where the next client would find them.
 */
export function sessionAddress({
  DATABASE_DIRECT_URL,
  DATABASE_URL = '',
}: Omit<Addresses, 'MIGRATION_DATABASE_URL'>): string {
  return DATABASE_DIRECT_URL ?? DATABASE_URL;
}

/** For changes of the schema, as the role that owns it: in a session, too. */
export function ownerAddress(addresses: Addresses): string {
  return addresses.MIGRATION_DATABASE_URL ?? sessionAddress(addresses);
}

/** What the servers come by other than that, the direct way first: each may be another role. */
export function serverAddresses(addresses: Addresses): { readonly url: string; readonly pooled: boolean }[] {
  const { DATABASE_DIRECT_URL: direct, DATABASE_URL: url = '' } = addresses;
  const ways = [
    ...(direct === undefined ? [] : [{ url: direct, pooled: false }]),
    { url, pooled: direct !== undefined },
  ];
  return ways.filter((way) => way.url !== ownerAddress(addresses));
}
