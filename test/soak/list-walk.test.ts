import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../../src/access/caller.js';
import { Clock } from '../../src/config/clock.js';
import { Transactions } from '../../src/database/transaction.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { costOf, queriesOf } from '../support/query-cost.js';
import { type Roster, startRoster } from '../support/roster.js';
import { soak } from '../support/soak.js';
import { insertUserRows } from '../support/user-rows.js';

let roster: Roster;
let admin: string;
let manager: string;
const moment = new AsyncLocalStorage<Date>();

beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  const { id, token } = await roster.join('manager@example.com');
  await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
  manager = token;
  // Whoever is to have been created at another moment is created inside it.
  const clock = get(Clock);
  const now = clock.now.bind(clock);
  clock.now = () => moment.getStore() ?? now();
});
afterAll(() => roster.stop());

const get = <T>(token: abstract new (...args: never[]) => T): T => roster.app.get(token as never, { strict: false });
const as = (token: string) => ({ authorization: `Bearer ${token}` });

const LIMIT = 100;
const START = Date.UTC(2025, 0, 1);
// Forty at the same moment: only the id tells them apart.
const momentOf = (index: number) => new Date(START + Math.floor(index / 40) * 1000);

interface Page {
  readonly items: { readonly id: string; readonly createdAt: string }[];
  readonly page: { nextCursor: string | null; prevCursor: string | null };
}

async function list(sort: string, cursor?: string | null): Promise<Page> {
  const query = { sort, limit: LIMIT, ...(cursor && { cursor }) };
  const { body } = await roster.api.get('/users').query(query).set(as(manager)).expect(200);
  return body as Page;
}

describe('the list of users', () => {
  soak(
    'list-walk',
    'misses and repeats nobody while others come and go, and its last page costs what the first does',
    { users: 100_000, comeAndGo: 1000 },
    async ({ counts, progress }) => {
      const stayed = await fill(counts.users, progress);
      const pages = Math.ceil(counts.users / LIMIT);
      const cost = await costOfPages(pages);

      const step = progress('pages', 4 * pages);
      const traffic = new ComeAndGo(counts);
      let done = 0;
      const seenAtAll = new Set<string>();
      const see = (page: Page): string[] => {
        step();
        done++;
        traffic.walkedTo(done / (4 * pages), page);
        return page.items.map(({ id }) => id);
      };
      const others = traffic.run();
      for (const sort of ['createdAt', '-createdAt']) {
        let page = await list(sort);
        const there = see(page);
        while (page.page.nextCursor !== null) there.push(...see((page = await list(sort, page.page.nextCursor))));
        const back = page.items.map(({ id }) => id);
        while (page.page.prevCursor !== null) back.push(...see((page = await list(sort, page.page.prevCursor))));
        for (const way of [there, back]) {
          const seen = new Set(way);
          expect(seen.size).toBe(way.length);
          expect(stayed.filter((id) => !seen.has(id))).toEqual([]);
          for (const id of seen) seenAtAll.add(id);
        }
      }
      traffic.walkedTo(1);
      await others;

      const passersBy = traffic.all.filter((id) => seenAtAll.has(id)).length;
      return {
        summary:
          `${done} pages of ${LIMIT} of ${counts.users} users, both orders, both ways, while ${traffic.all.length} came and went ` +
          `(${passersBy} of them were seen): nobody missed or repeated. ` +
          `The first page takes ${cost.first.buffers} buffers and ${cost.first.httpMs} ms over HTTP, ` +
          `the last ${cost.last.buffers} and ${cost.last.httpMs}.`,
        figures: { pages: done, cameAndWent: traffic.all.length, seenOfThem: passersBy, cost },
      };
    },
  );
});

type Progress = Parameters<Parameters<typeof soak>[3]>[0]['progress'];

/** @returns who is there from now on */
async function fill(users: number, progress: Progress): Promise<string[]> {
  const BATCH = 5000;
  const step = progress('batches of rows', Math.ceil(users / BATCH));
  for (let start = 0; start < users; start += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, users - start) }, (_, index) => ({
      email: `walker-${start + index}@walk.example`,
      createdAt: momentOf(start + index),
    }));
    await insertUserRows(roster.database, batch);
    step();
  }
  await roster.database.query('VACUUM ANALYZE users');
  return (await roster.database.query<{ id: string }>('SELECT id FROM users')).map(({ id }) => id);
}

/** Another client, who creates and deletes users at the pace of the walk: anywhere, and right beside the walker. */
class ComeAndGo {
  readonly all: string[] = [];
  private readonly there: string[] = [];
  private share = 0;
  private besideWalker = momentOf(0);
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly counts: { readonly users: number; readonly comeAndGo: number }) {}

  walkedTo(share: number, page?: Page): void {
    this.share = share;
    const last = page?.items.at(-1);
    if (last) this.besideWalker = new Date(last.createdAt);
    for (const go of this.waiting.splice(0)) go();
  }

  async run(): Promise<void> {
    const { comeAndGo } = this.counts;
    for (let turn = 0; turn < comeAndGo; turn++) {
      while (this.share < turn / comeAndGo) await new Promise<void>((go) => this.waiting.push(go));
      await this.create(turn);
      // Some stay for a while, so that those go who were there before a way began.
      if (this.there.length > comeAndGo / 10) await this.delete(turn);
    }
    while (this.there.length > 0) await this.delete(0);
  }

  private async create(turn: number): Promise<void> {
    const anywhere = momentOf(Math.random() * this.counts.users);
    const at = turn % 2 === 0 ? this.besideWalker : anywhere;
    const command = { email: `passer-by-${turn}@walk.example`, role: 'AUTHENTICATED', how: 'admin' } as const;
    const id = uuidv7({ msecs: at.getTime() });
    await moment.run(at, () =>
      get(Transactions).run((tx) => get(UserStore).create(tx, command, systemContext('list-walk'), id)),
    );
    this.all.push(id);
    this.there.push(id);
  }

  private async delete(turn: number): Promise<void> {
    // The newest, which lies beside the walker, or the oldest.
    const id = turn % 4 === 0 ? this.there.pop() : this.there.shift();
    await roster.api
      .delete(`/users/${id ?? ''}`)
      .set(as(admin))
      .expect(204);
  }
}

interface PageCost {
  readonly rows: number;
  readonly buffers: number;
  readonly queryMs: number;
  readonly httpMs: number;
}

const PLACES = ['first', 'middle', 'last'] as const;
const ROUNDS = 51;

/** By `createdAt`: what PostgreSQL touches for a page, which is asserted, and how long it takes, which is only told. */
async function costOfPages(pages: number): Promise<Record<(typeof PLACES)[number], PageCost>> {
  const cursors = {
    first: undefined,
    middle: await cursorAfter(Math.floor(pages / 2) * LIMIT),
    // A full page and a row after it, as the first one reads them: like is compared with like.
    last: await cursorAfter((pages - 1) * LIMIT),
  };
  const times: Record<(typeof PLACES)[number], number[]> = { first: [], middle: [], last: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const place of PLACES) {
      const begin = performance.now();
      await list('createdAt', cursors[place]);
      times[place].push(performance.now() - begin);
    }
  }
  const costs = {} as Record<(typeof PLACES)[number], PageCost>;
  for (const place of PLACES) {
    const queries = await queriesOf(roster.app, () => list('createdAt', cursors[place]));
    const ofPage = queries.filter(({ sql }) => sql.includes(`LIMIT ${LIMIT + 1}`));
    expect(ofPage).toHaveLength(1);
    const { rows, buffers, steps, ms } = await costOf(roster.database, ofPage[0]!);
    expect(steps).toEqual(['Limit', 'Index Scan']);
    expect(rows).toBe(LIMIT + 1);
    costs[place] = { rows, buffers, queryMs: round(ms), httpMs: round(median(times[place])) };
    // What it takes to come down the tree to the row of the cursor.
    expect(buffers).toBeLessThanOrEqual(costs.first.buffers + 4);
  }
  return costs;
}

/** A cursor is the place of a row, so that a page far down needs no walk. */
async function cursorAfter(rows: number): Promise<string> {
  const [row] = await roster.database.query<{ id: string; created_at: Date }>(
    'SELECT id, created_at FROM users WHERE NOT pending ORDER BY created_at, id LIMIT 1 OFFSET $1',
    [rows - 1],
  );
  const { nextCursor } = (await list('createdAt')).page;
  const parts = JSON.parse(Buffer.from(nextCursor!, 'base64url').toString()) as unknown[];
  const moved = parts.with(3, row!.created_at.toISOString()).with(4, row!.id);
  return Buffer.from(JSON.stringify(moved)).toString('base64url');
}

const median = (values: number[]) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
const round = (ms: number) => Math.round(ms * 100) / 100;
