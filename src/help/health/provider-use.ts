import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** How much a provider is used. */
export interface ProviderUse {
  /** Accounts that are linked, counted to 100,000. */
  readonly identities: number;
  readonly lastUsedAt: Date | null;
}

/** Reads nothing but an index, and no more of it than is counted. */
const USE = `
  SELECT given.id, last_used_at AS "lastUsedAt",
    (SELECT count(*)::int FROM (SELECT FROM identities WHERE provider = given.id LIMIT 100000) AS counted) AS identities
  FROM unnest($1::text[]) AS given (id)
  LEFT JOIN LATERAL (
    SELECT last_used_at FROM identities WHERE provider = given.id AND last_used_at IS NOT NULL ORDER BY last_used_at DESC LIMIT 1
  ) AS latest ON true`;

/** How many people are linked at each provider, and when one of them last came from there. */
@Injectable()
export class ProviderUses {
  constructor(private readonly dataSource: DataSource) {}

  /** @param ids of providers */
  async read(ids: readonly string[]): Promise<ReadonlyMap<string, ProviderUse>> {
    if (ids.length === 0) return new Map();
    const rows = await this.dataSource.query<(ProviderUse & { readonly id: string })[]>(USE, [ids]);
    return new Map(rows.map(({ id, ...use }) => [id, use]));
  }
}
