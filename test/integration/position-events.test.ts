import { expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PositionEvents1795266000000 } from '../../migrations/1795266000000-PositionEvents.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { createTestDatabase } from '../support/database.js';

const ADA = '00000000-0000-7000-8000-00000000000a';
const BOB = '00000000-0000-7000-8000-00000000000b';

it('the migration gives positions to what is in the log by time, but never against the versions of a user, and can be undone', async () => {
  const database = await createTestDatabase();
  const dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
  const runner = dataSource.createQueryRunner();
  const migration = new PositionEvents1795266000000();
  try {
    await migration.down(runner);
    expect(await database.query(`SELECT FROM pg_class WHERE relname ~ '^event_(outbox|positions)'`)).toEqual([]);
    await database.query(`INSERT INTO keys (id, purpose, wrapped) VALUES ('k', 'event-chain', '')`);
    const write = (userId: string, version: number, minute: number) =>
      database.query(
        `INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
         VALUES (gen_random_uuid(), $1, $2, 'user.created', 1, '{}', 't', '2026-01-01 12:00'::timestamptz + $3 * interval '1 minute',
           '{}', 'k', '')`,
        [userId, version, minute],
      );
    await write(BOB, 1, 5);
    await write(ADA, 2, 1); // The clock was set back.
    await write(ADA, 1, 4);
    await write(BOB, 3, 5);
    await write(BOB, 2, 5);
    await write(ADA, 3, 6);
    await runner.startTransaction();
    await migration.up(runner);
    await runner.commitTransaction();
    await write(ADA, 4, 7);
    const places = await database.query<{ place: string }>(
      `SELECT position || ' ' || right(user_id::text, 1) || user_version AS place
       FROM event_positions JOIN user_events ON id = event_id ORDER BY position`,
    );
    expect(places.map(({ place }) => place)).toEqual(['1 a1', '2 a2', '3 b1', '4 b2', '5 b3', '6 a3']);
    expect(await database.query('SELECT FROM event_outbox')).toHaveLength(1);
  } finally {
    await runner.release();
    await dataSource.destroy();
    await database.drop();
  }
});
