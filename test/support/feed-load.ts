import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { systemContext } from '../../src/access/caller.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Transactions } from '../../src/database/transaction.js';
import { event } from '../../src/events/catalogue.js';
import { EventFeed, type FeedEvent } from '../../src/events/event-feed.js';
import { UserEntity } from '../../src/users/store/user.entity.js';
import { UserStore } from '../../src/users/store/user-store.js';
import type { Roster } from './roster.js';

const WRITERS = 20;
const USERS = 500;
const LONGEST_DELAY_SECONDS = 0.05;
const ROLLED_BACK_SHARE = 0.1;
const CATCH_UP_MS = 60_000;

export interface FeedLoad {
  /** `user version` of every event that was committed, in no order. */
  readonly committed: readonly string[];
  /** What one reader that polled all the while was given, in the order in which it came. */
  readonly read: readonly FeedEvent[];
  readonly rolledBack: number;
}

/**
 * Twenty writers change five hundred users, each holding its transaction open for up to 50 ms before its commit, while a
 * reader polls the feed: what went in and what came out.
 */
export async function runFeedLoad(roster: Roster, { seconds }: { seconds: number }): Promise<FeedLoad> {
  const get = <T>(token: abstract new (...args: never[]) => T): T => roster.app.get(token as never, { strict: false });
  const users = get(UserStore);
  const feed = get(EventFeed);
  const context = systemContext('feed-load');
  const dataSource = await new DataSource({
    ...dataSourceOptions(roster.database.url, WRITERS + 1),
    entities: [UserEntity],
  }).initialize();
  const transactions = new Transactions(dataSource);

  const ids = await transactions.run(async (tx) => {
    const made: string[] = [];
    for (let n = 0; n < USERS; n++) {
      const { id } = await users.create(tx, { username: `load-${n}`, role: 'AUTHENTICATED', how: 'admin' }, context);
      made.push(id);
    }
    return made;
  });
  const committed = ids.map((id) => `${id} 1`);
  let rolledBack = 0;
  const until = performance.now() + seconds * 1000;

  async function write(): Promise<void> {
    while (performance.now() < until) {
      const id = ids[Math.floor(Math.random() * ids.length)]!;
      const count = 1 + Math.floor(Math.random() * 3);
      const changes = Array.from({ length: count }, () =>
        event('user.professional_status_changed', { from: true, to: true }),
      );
      const isRolledBack = Math.random() < ROLLED_BACK_SHARE;
      const done = transactions.run(async (tx) => {
        const { version } = await users.change(tx, id, () => changes, context);
        await tx.query('SELECT pg_sleep($1)', [Math.random() * LONGEST_DELAY_SECONDS]);
        if (isRolledBack) throw new ChangedMyMind();
        return version;
      });
      try {
        const version = await done;
        committed.push(...changes.map((_, back) => `${id} ${version - back}`));
      } catch (error) {
        if (!(error instanceof ChangedMyMind)) throw error;
        rolledBack++;
      }
    }
  }

  const read: FeedEvent[] = [];
  let writing = true;
  async function follow(): Promise<void> {
    let after = await feed.latest(dataSource).then((latest) => Math.max(0, latest - USERS));
    for (let giveUpAt = Infinity; ;) {
      const { events, next } = await feed.read(dataSource, { after, limit: 100 });
      read.push(...events.filter(({ traceId }) => traceId === context.traceId));
      after = next;
      if (!writing) {
        giveUpAt = Math.min(giveUpAt, performance.now() + CATCH_UP_MS);
        if (read.length >= committed.length || performance.now() > giveUpAt) return;
      }
      if (events.length === 0) await sleep(1);
    }
  }

  try {
    const reading = follow();
    await Promise.all(Array.from({ length: WRITERS }, write)).finally(() => (writing = false));
    await reading;
    // Whatever might come twice, or was rolled back, would come now.
    const { events } = await feed.read(dataSource, { after: read.at(-1)?.position ?? 0, limit: 1000 });
    return { committed, read: [...read, ...events], rolledBack };
  } finally {
    await dataSource.destroy();
  }
}

/** In what the reader was given something else than what was committed: each event once, the versions of a user in order. */
export function faultsOf({ committed, read }: FeedLoad) {
  const came = read.map(({ userId, userVersion }) => `${userId} ${userVersion}`);
  const wanted = new Set(committed);
  const given = new Set(came);
  const byUser = [...Map.groupBy(read, ({ userId }) => userId)];
  return {
    missing: committed.filter((key) => !given.has(key)),
    rolledBackOrUnknown: came.filter((key) => !wanted.has(key)),
    twice: came.length - given.size,
    outOfOrder: byUser.flatMap(([id, events]) =>
      events.every(({ userVersion }, index) => userVersion === index + 1) ? [] : [id],
    ),
  };
}

class ChangedMyMind extends Error {}
