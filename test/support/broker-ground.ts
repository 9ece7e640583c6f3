import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from './database.js';
import { eventually } from './process.js';

/** Events by SQL, as fast as it goes: `users` people with `versions` changes each. */
export async function addEvents(database: TestDatabase, users: number, versions: number): Promise<void> {
  await database.query(
    `INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
     SELECT gen_random_uuid(), person.id, version, 'user.suspended', 1, '{"kind":"system"}', replace(person.id::text, '-', ''),
       clock_timestamp(), '{"reason":null}', (SELECT id FROM keys WHERE purpose = 'event-chain'), '\\x00'
     FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) AS person, generate_series(1, $2) AS version
     ORDER BY version`,
    [users, versions],
  );
}

/** The ids of all events after a position, once each has its position. */
export async function eventIds(database: TestDatabase, after = 0): Promise<string[]> {
  await eventually('positions of all events', async () => {
    const [row] = await database.query<{ waiting: boolean }>('SELECT EXISTS (SELECT FROM event_outbox) AS waiting');
    return row?.waiting === false;
  });
  const rows = await database.query<{ event_id: string }>(
    'SELECT event_id FROM event_positions WHERE position > $1 ORDER BY position',
    [after],
  );
  return rows.map(({ event_id }) => event_id);
}

export async function latest(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ latest: string }>(
    'SELECT coalesce(max(position), 0) AS latest FROM event_positions',
  );
  return Number(row?.latest);
}

export async function positionOf(database: TestDatabase, sink: string): Promise<number> {
  const [row] = await database.query<{ position: string }>('SELECT position FROM relay_cursors WHERE sink = $1', [
    sink,
  ]);
  return Number(row?.position ?? 0);
}

/** Waits until a sink has everything. */
export async function caughtUp(database: TestDatabase, sink: string, ms = 60_000): Promise<void> {
  const ids = await eventIds(database);
  await eventually(`${sink} has everything`, async () => (await positionOf(database, sink)) >= ids.length, ms);
}

/** Does something so many times a second, with `openAtMost` of it under way: where that is too slow, less often. */
export async function atRate(
  { perSecond, openAtMost }: { perSecond: number; openAtMost: number },
  going: () => boolean,
  act: (index: number) => Promise<void>,
): Promise<number> {
  const open = new Set<Promise<void>>();
  let count = 0;
  for (let next = performance.now(); going(); next += 1000 / perSecond) {
    const early = next - performance.now();
    if (early > 0) await sleep(early);
    const one: Promise<void> = act(count++).finally(() => open.delete(one));
    open.add(one);
    if (open.size >= openAtMost) await Promise.race(open);
  }
  await Promise.all(open);
  return count;
}
