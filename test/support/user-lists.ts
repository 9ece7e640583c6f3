import { expect } from '@jest/globals';
import type { Roster } from './roster.js';

export interface Item {
  readonly id: string;
  readonly email: string | null;
  readonly createdAt: string;
  readonly lastLoginAt: string | null;
  readonly status: string;
}

export interface Answer {
  readonly items: Item[];
  readonly page: { limit: number; nextCursor: string | null; prevCursor: string | null; total?: number };
  readonly _links: Record<string, { href: string } | undefined>;
}

export type Query = Record<string, string | number | boolean>;

/** Reads the list of users as the holder of this token, where no other is given. */
export function listsOf(roster: Roster, byDefault: string) {
  async function list(query: Query, token = byDefault): Promise<Answer> {
    const { body } = await roster.api.get('/users').query(query).set('authorization', `Bearer ${token}`).expect(200);
    return body as Answer;
  }

  async function refused(query: string | Query, status = 400, token = byDefault): Promise<void> {
    const response = await roster.api.get('/users').query(query).set('authorization', `Bearer ${token}`);
    expect({ query, status: response.status, code: response.body.code }).toEqual({
      query,
      status,
      code: status === 400 ? 'validation-failed' : 'forbidden',
    });
  }

  /** Every page in one direction, up to its end. */
  async function walk(query: Query, rel: 'next' | 'prev' = 'next', between?: (page: number) => Promise<unknown>) {
    const cursorOf = ({ page }: Answer) => (rel === 'next' ? page.nextCursor : page.prevCursor);
    const pages = [await list(query)];
    for (let cursor = cursorOf(pages[0]!); cursor !== null; cursor = cursorOf(pages.at(-1)!)) {
      await between?.(pages.length);
      pages.push(await list({ ...query, cursor }));
    }
    return pages;
  }

  return { list, refused, walk };
}
export type Lists = ReturnType<typeof listsOf>;

export const idsOf = (pages: readonly Answer[]) => pages.flatMap(({ items }) => items.map(({ id }) => id));
