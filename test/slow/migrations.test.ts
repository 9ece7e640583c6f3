import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

interface Station {
  /** How many migrations are applied. */
  readonly applied: number;
  /** A line for each column, index, constraint, trigger, function and type. */
  readonly schema: readonly string[];
}

const ALL = 'all';

/** Migrates one at a time to each of the targets; gives the start and every station. */
async function walk(database: TestDatabase, ...targets: string[]): Promise<Station[]> {
  const script = join(PACKAGE_ROOT, 'test/support/walk-migrations.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, database.url, ...targets], {
    maxBuffer: 2 ** 26,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Station);
}

let up: Station[];
let empty: TestDatabase;
beforeAll(async () => {
  empty = await createTestDatabase('template0');
  up = await walk(empty, ALL);
});
afterAll(() => empty.drop());

const asItWasOnTheWayUp = ({ applied }: Station): Station => up.find((station) => station.applied === applied)!;

describe('the migrations', () => {
  it('make the schema that the tests run on', async () => {
    const migrated = await createTestDatabase();
    const [station] = await walk(migrated);
    await migrated.drop();
    expect(station).toEqual(up.at(-1));
    expect(up[0]).toEqual({ applied: 0, schema: [] });
  });

  it('make no hash index: a value that many rows share, as an import gives its events one trace id, would cost each more than the one before', () => {
    expect(up.at(-1)!.schema.filter((line) => line.includes('USING'))).not.toEqual([]);
    expect(up.at(-1)!.schema.filter((line) => line.includes('USING hash'))).toEqual([]);
  });

  it('go down one by one, each to the schema before it, and up again to the same', async () => {
    for (const station of await walk(empty, '0', ALL)) expect(station).toEqual(asItWasOnTheWayUp(station));
  });
});

describe('the migrations of a database in use', () => {
  let roster: Roster;
  beforeAll(async () => {
    roster = await startRoster();
    await roster.join('ada@example.com', { username: 'Ada', firstName: 'Adà', lastName: 'Lovelace' });
    await roster.api.post('/auth/register').send({ email: 'waits@example.com', password: PASSWORD }).expect(202);
    await roster.inbox.waitFor('waits@example.com');
    await roster.app.close();
  });
  afterAll(async () => {
    await roster.inbox.down();
    await roster.database.drop();
  });

  it('keep users, events and credentials on the way to the first release and back', async () => {
    const { database } = roster;
    const rows = async () => ({
      users: await database.query('SELECT to_jsonb(users) AS row FROM users ORDER BY id'),
      events: await database.query(
        `SELECT id, user_id, user_version, type, actor, data, encode(personal, 'hex') AS personal, encode(hash, 'hex') AS hash
         FROM user_events ORDER BY user_id, user_version`,
      ),
      credentials: await database.query('SELECT * FROM password_credentials ORDER BY user_id'),
    });
    const before = await rows();
    expect(before.users).toHaveLength(3);
    for (const station of await walk(database, '1', ALL)) expect(station).toEqual(asItWasOnTheWayUp(station));
    expect(await rows()).toEqual(before);
  });

  it('go down to nothing though there are rows, and up again', async () => {
    for (const station of await walk(roster.database, '0', ALL)) expect(station).toEqual(asItWasOnTheWayUp(station));
    expect(await roster.database.query('SELECT 1 FROM users')).toEqual([]);
  });
});
