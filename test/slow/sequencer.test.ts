import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemContext } from '../../src/access/caller.js';
import { DataSource, type QueryRunner } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Transactions } from '../../src/database/transaction.js';
import { EventFeed } from '../../src/events/event-feed.js';
import { EventStream } from '../../src/events/event-stream.js';
import { changeRole } from '../../src/users/aggregate/decide.js';
import type { UserState } from '../../src/users/aggregate/user.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { faultsOf, runFeedLoad } from '../support/feed-load.js';
import { type Roster, startRoster } from '../support/roster.js';

/** `npm run test:soak` lets it go on for a minute. */
const SECONDS = 1;

const context = systemContext('sequencer-test');
const get = <T>(roster: Roster, token: abstract new (...args: never[]) => T): T =>
  roster.app.get(token as never, { strict: false });

let one: Roster;
let other: Roster;
beforeAll(async () => {
  one = await startRoster();
  other = await startRoster({}, [], one.database);
});
afterAll(async () => {
  await one.app.close();
  await one.inbox.down();
  await other.stop();
});

async function addUser(roster: Roster, username: string): Promise<string> {
  const command = { username, role: 'AUTHENTICATED', how: 'admin' } as const;
  const { id } = await get(roster, Transactions).run((tx) => get(roster, UserStore).create(tx, command, context));
  return id;
}

async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (!(await condition())) {
    await sleep(10);
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within ten seconds`);
  }
}

const allPositioned = async (): Promise<boolean> => {
  const [row] = await one.database.query<{ waiting: boolean }>('SELECT EXISTS (SELECT FROM event_outbox) AS waiting');
  return row?.waiting === false;
};

const leaders = async (): Promise<number[]> => {
  const rows = await one.database.query<{ pid: number }>(
    `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND application_name = 'roster sequencer'
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.map(({ pid }) => pid);
};

const latest = async (): Promise<string | undefined> => {
  const [row] = await one.database.query<{ latest: string }>('SELECT max(position) AS latest FROM event_positions');
  return row?.latest;
};

/** As a server leaves it that has lost its connection within a batch: nobody else gives out positions until it is gone. */
async function openBatch(): Promise<{ runner: QueryRunner; close: () => Promise<void> }> {
  const dataSource = await new DataSource(dataSourceOptions(one.database.url, 1)).initialize();
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query(`SELECT pg_advisory_xact_lock(hashtextextended('positions of the events', 2))`);
  return { runner, close: () => runner.release().then(() => dataSource.destroy()) };
}

const lostOrTwice = `
  SELECT event.id FROM user_events AS event LEFT JOIN event_positions AS place ON place.event_id = event.id
  GROUP BY event.id HAVING count(place) <> 1`;
const gaps =
  'SELECT position FROM (SELECT position, row_number() OVER (ORDER BY position) AS n FROM event_positions) AS p WHERE position <> n';
const outOfOrder = `
  SELECT user_id FROM (
    SELECT user_id, user_version, row_number() OVER (PARTITION BY user_id ORDER BY position) AS n
    FROM user_events JOIN event_positions ON event_id = id) AS place
  WHERE user_version <> n`;

async function expectAllInOrder(): Promise<void> {
  await eventually('positions of all events', allPositioned);
  for (const fault of [lostOrTwice, gaps, outOfOrder]) expect(await one.database.query(fault)).toEqual([]);
}

describe('two sequencers on one database', () => {
  it('have one leader, whichever of them wrote', async () => {
    await eventually('a leader', async () => (await leaders()).length === 1);
    await addUser(one, 'written-by-one');
    await addUser(other, 'written-by-other');
    await expectAllInOrder();
    expect(await leaders()).toHaveLength(1);
  });

  it('give out consecutive positions, each once, while leaders are killed under load', async () => {
    let writing = true;
    const write = async (roster: Roster, name: string): Promise<void> => {
      const id = await addUser(roster, name);
      while (writing) {
        const decide = (state: UserState) =>
          changeRole(state, state.role === 'MANAGER' ? 'AUTHENTICATED' : 'MANAGER', 1);
        await get(roster, Transactions).run((tx) => get(roster, UserStore).change(tx, id, decide, context));
      }
    };
    const writers = [one, other].flatMap((roster, r) => [1, 2].map((n) => write(roster, `writer-${r}-${n}`)));
    const killed: number[] = [];
    for (let round = 0; round < 3; round++) {
      await eventually('a leader', async () => (await leaders()).some((pid) => !killed.includes(pid)));
      await sleep(100);
      const [pid] = await leaders();
      killed.push(pid!);
      await one.database.query('SELECT pg_terminate_backend($1)', [pid]);
    }
    await eventually('a new leader', async () => (await leaders()).some((pid) => !killed.includes(pid)));
    writing = false;
    await Promise.all(writers);
    await expectAllInOrder();
    expect(new Set(killed).size).toBe(3);
  });

  it('do not give out a position twice when both believe to lead: the batch of one waits for that of the other', async () => {
    await eventually('rest', allPositioned);
    const before = await latest();
    const lost = await openBatch();
    const first = await addUser(one, 'while-a-batch-is-open');
    await sleep(200);
    expect(await allPositioned()).toBe(false);
    await lost.runner.query(`
      WITH taken AS (DELETE FROM event_outbox RETURNING event_id)
      INSERT INTO event_positions SELECT (SELECT max(position) FROM event_positions) + 1, event_id FROM taken`);
    const second = await addUser(other, 'while-its-positions-are-unseen');
    await sleep(200);
    expect(await latest()).toBe(before);
    await lost.runner.commitTransaction();
    await lost.close();
    await expectAllInOrder();
    const places = await one.database.query<{ user_id: string }>(
      'SELECT user_id FROM event_positions JOIN user_events ON id = event_id WHERE position > $1 ORDER BY position',
      [before],
    );
    expect(places.map(({ user_id }) => user_id)).toEqual([first, second]);
  });

  it('keep positions as append-only as the log', async () => {
    for (const sql of [
      'UPDATE event_positions SET position = -position',
      'DELETE FROM event_positions',
      'TRUNCATE event_positions',
    ]) {
      await expect(one.database.query(sql)).rejects.toThrow(/append-only/);
    }
  });
});

describe('twenty writers who commit late, in no order', () => {
  it(
    'hide no event from a reader of the feed: each comes once, in order of its user',
    async () => {
      const load = await runFeedLoad(one, { seconds: SECONDS });
      expect(faultsOf(load)).toEqual({ missing: [], rolledBackOrUnknown: [], twice: 0, outOfOrder: [] });
      const { committed, rolledBack } = load;
      expect(committed.length).toBeGreaterThan(500);
      expect(rolledBack).toBeGreaterThan(0);
    },
    (SECONDS + 60) * 1000,
  );
});

describe('a stream of events', () => {
  it('reads the next page when the one before was taken: a slow reader costs no memory', async () => {
    const feed = get(one, EventFeed);
    const { events } = await feed.read(one.app.get(DataSource), { after: 0, limit: 1000 });
    const reads = jest.spyOn(feed, 'read');
    const mayRead = () => Promise.resolve(true);
    const stream = get(one, EventStream).open({ after: 0, types: undefined, mayRead });
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    await chunks.next();
    await sleep(300);
    // How many the writers made in their time depends on the machine.
    expect(events.length).toBeGreaterThan(200);
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
    let text = '';
    while (!text.includes(`id: ${events.length}\n`)) text += String((await chunks.next()).value);
    expect(text.match(/^id: \d+$/gm)?.slice(0, events.length)).toEqual(events.map(({ position }) => `id: ${position}`));
    await chunks.return?.();
    reads.mockRestore();
  });
});

describe('readiness', () => {
  it('tells how many events wait, and is degraded, not down, when they wait for long', async () => {
    await eventually('rest', allPositioned);
    expect((await one.api.get('/health/ready').expect(200)).body).toMatchObject({
      status: 'up',
      checks: { events: 'up' },
      figures: { eventsWaiting: 0 },
    });
    const stuck = await openBatch();
    await addUser(one, 'has-to-wait');
    await one.database.query(`UPDATE event_outbox SET written_at = now() - interval '11 seconds'`);
    expect((await one.api.get('/health/ready').expect(200)).body).toMatchObject({
      status: 'degraded',
      checks: { events: 'down', database: 'up' },
      figures: { eventsWaiting: 1 },
    });
    await stuck.runner.rollbackTransaction();
    await stuck.close();
    await expectAllInOrder();
  });
});
