import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { pino } from 'pino';
import { RevocationReader, SWEEP_REVOCATIONS } from '../../src/auth/sessions/revocation-reader.js';
import { Revocations } from '../../src/auth/sessions/revocations.js';
import { loadSettings } from '../../src/config/settings.js';
import type { Keyring } from '../../src/database/keyring.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let slow: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  slow = new pg.Client({ connectionString: database.url });
  await slow.connect();
});
afterAll(async () => {
  await slow.end();
  await database.drop();
});

let reader: RevocationReader;
let revocations: Revocations;
let reloads = 0;
beforeEach(async () => {
  reloads = 0;
  const keyring = {
    reload: () => {
      reloads++;
      return Promise.resolve(0);
    },
  } as unknown as Keyring;
  reader = new RevocationReader(loadSettings({ DATABASE_URL: database.url }));
  revocations = new Revocations(reader, keyring, pino({ level: 'silent' }));
  // The first row of all: a cursor at or before it may have missed something.
  await revoke();
  await revocations.readNow();
  // Transactions of other tests hold the cursor back as well: a snapshot is of the whole cluster.
  await eventually(async () => {
    const loadedAt = revocations.epoch;
    await revocations.readNow();
    return revocations.spare(loadedAt);
  });
});
const stop = () => reader.onApplicationShutdown();

interface Asked {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

async function revoke(subject: string = randomUUID(), by: Asked = database) {
  await by.query("INSERT INTO revocations (kind, subject) VALUES ('sessions', $1)", [subject]);
  return subject;
}

describe('a remembered state', () => {
  it('holds until the look that finds something about it, and a state that was loaded after that look holds again', async () => {
    const other = randomUUID();
    const loadedAt = revocations.epoch;
    const subject = await revoke();
    expect(revocations.spare(loadedAt, subject, other)).toBe(true);
    await revocations.readNow();
    expect(revocations.spare(loadedAt, subject, other)).toBe(false);
    expect(revocations.spare(loadedAt, other)).toBe(true);
    expect(revocations.spare(revocations.epoch, subject)).toBe(true);
    await revocations.readNow();
    expect(revocations.spare(revocations.epoch - 1, subject)).toBe(true);
    await stop();
  });

  it('does not outlive the commit of a transaction that began before others whose revocations were read already', async () => {
    await slow.query('BEGIN');
    const late = await revoke(undefined, slow);
    const loadedAt = revocations.epoch;
    const early = await revoke();
    await revocations.readNow();
    expect(revocations.spare(loadedAt, early)).toBe(false);
    expect(revocations.spare(loadedAt, late)).toBe(true);
    for (let look = 0; look < 3; look++) {
      await revoke();
      await revocations.readNow();
    }
    await slow.query('COMMIT');
    await revocations.readNow();
    expect(revocations.spare(loadedAt, late)).toBe(false);
    await stop();
  });

  it('is not revoked again by what an open transaction makes the reader read again', async () => {
    await slow.query('BEGIN');
    await revoke(undefined, slow);
    const subject = await revoke();
    await revocations.readNow();
    const loadedAt = revocations.epoch;
    await revocations.readNow();
    expect(revocations.spare(loadedAt, subject)).toBe(true);
    await slow.query('ROLLBACK');
    await stop();
  });

  it('counts no more when what was revoked may have been swept away unread, and new keys are looked for, too', async () => {
    const loadedAt = revocations.epoch;
    const subject = await revoke();
    await revoke();
    await database.query("UPDATE revocations SET created_at = now() - interval '2 hours'");
    await revoke();
    await database.query(SWEEP_REVOCATIONS, [3_600_000]);
    expect(await database.query('SELECT FROM revocations WHERE subject = $1', [subject])).toEqual([]);
    const before = reloads;
    await revocations.readNow();
    expect(revocations.spare(loadedAt, subject)).toBe(false);
    expect(reloads).toBe(before + 1);
    await revocations.readNow();
    expect(reloads).toBe(before + 1);
    await stop();
  });

  it('is not disturbed by rows that a dump of another cluster brought, and they are swept', async () => {
    await database.query("INSERT INTO revocations (xid, kind, subject) VALUES ('99999999999', 'sessions', 'foreign')");
    await revocations.readNow();
    const loadedAt = revocations.epoch;
    const subject = await revoke();
    await revocations.readNow();
    expect(revocations.spare(loadedAt, subject)).toBe(false);
    expect(revocations.spare(loadedAt, 'foreign', randomUUID())).toBe(true);
    await database.query(SWEEP_REVOCATIONS, [3_600_000]);
    expect(await database.query("SELECT FROM revocations WHERE subject = 'foreign'")).toEqual([]);
    await stop();
  });

  it('counts no more after so many revocations that they are not told apart any longer', async () => {
    const loadedAt = revocations.epoch;
    await database.query(
      "INSERT INTO revocations (kind, subject) SELECT 'sessions', gen_random_uuid() FROM generate_series(1, 10001)",
    );
    await revocations.readNow();
    expect(revocations.spare(loadedAt, randomUUID())).toBe(true);
    await revocations.readNow();
    expect(revocations.spare(loadedAt, randomUUID())).toBe(false);
    expect(revocations.spare(revocations.epoch, randomUUID())).toBe(true);
    await stop();
  });
});

describe('a look', () => {
  it('is shared by all who wait, and goes on when the connection was cut', async () => {
    const before = revocations.epoch;
    await Promise.all(Array.from({ length: 50 }, () => revocations.readNow()));
    expect(revocations.epoch - before).toBeLessThan(50);
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'roster revocations'",
    );
    await revocations.readNow();
    await stop();
  });

  it('is waited for after a revocation of this server, and after 100 ms without one', async () => {
    expect(revocations.fresh()).toBeUndefined();
    revocations.expire();
    const wait = revocations.fresh();
    expect(wait).toBeInstanceOf(Promise);
    await wait;
    expect(revocations.fresh()).toBeUndefined();
    await new Promise((done) => setTimeout(done, 101));
    expect(revocations.fresh()).toBeInstanceOf(Promise);
    await revocations.fresh();
    await stop();
  });
});
