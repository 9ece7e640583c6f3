import type { EventEmitter } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { beginWithFirstStatement } from '../../src/database/begin.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Transactions } from '../../src/database/transaction.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let client: pg.Client;
/** How often PostgreSQL was ready for another statement: the exchanges with it. */
let exchanges: number;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('CREATE TABLE things (id int PRIMARY KEY, name text)');
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.query('TRUNCATE things');
  client = new pg.Client(database.url);
  await client.connect();
  const { connection } = client as unknown as { readonly connection: EventEmitter };
  exchanges = 0;
  connection.on('readyForQuery', () => exchanges++);
  beginWithFirstStatement(client);
});
afterEach(() => client.end());

const INSERT = 'INSERT INTO things VALUES ($1, $2) RETURNING id';
const names = async () =>
  (await database.query<{ name: string }>('SELECT name FROM things ORDER BY id')).map((row) => row.name);
const isInTransaction = async () => {
  const { rows } = await client.query<{ own: boolean }>('SELECT now() <> statement_timestamp() AS own');
  return rows[0]?.own;
};

describe('A transaction', () => {
  it('begins with its first statement, in one exchange', async () => {
    await client.query('START TRANSACTION');
    expect(exchanges).toBe(0);
    const { rows, command, rowCount } = await client.query<{ id: number }>(INSERT, [1, 'one']);
    expect({ rows, command, rowCount, exchanges }).toEqual({
      rows: [{ id: 1 }],
      command: 'INSERT',
      rowCount: 1,
      exchanges: 1,
    });
    expect(await names()).toEqual([]);
    await client.query('COMMIT');
    expect(await names()).toEqual(['one']);
  });

  it('is rolled back as a whole', async () => {
    await client.query('START TRANSACTION');
    await client.query(INSERT, [1, 'one']);
    await client.query('ROLLBACK');
    expect(await names()).toEqual([]);
  });

  it('has begun when its first statement fails', async () => {
    await client.query('START TRANSACTION');
    await expect(client.query('SELECT 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
    await expect(client.query(INSERT, [1, 'one'])).rejects.toMatchObject({ code: '25P02' });
    await client.query('ROLLBACK');
    await client.query(INSERT, [2, 'two']);
    expect(await names()).toEqual(['two']);
  });

  it('without a statement is not begun, and none that follows belongs to it', async () => {
    for (const end of ['COMMIT', 'ROLLBACK']) {
      await client.query('START TRANSACTION');
      await client.query(end);
      expect(exchanges).toBe(0);
    }
    await client.query(INSERT, [1, 'one']);
    expect(await names()).toEqual(['one']);
  });

  it.each([
    ['without values', () => client.query("INSERT INTO things VALUES (1, 'one')")],
    ['that is prepared with it', () => client.query({ name: 'insert', text: INSERT, values: [1, 'one'] })],
  ])('begins before a first statement %s', async (_, first) => {
    await client.query('START TRANSACTION');
    await first();
    expect(await isInTransaction()).toBe(true);
    await client.query('ROLLBACK');
    expect(await names()).toEqual([]);
  });

  it('begins with a statement that was prepared before, as often as it is used, after its failures too', async () => {
    const insert = (id: number) => client.query({ name: 'insert', text: INSERT, values: [id, `${id}`] });
    await insert(1);
    for (const id of [2, 1, 3]) {
      await client.query('START TRANSACTION');
      const inserted = insert(id);
      if (id === 1) await expect(inserted).rejects.toMatchObject({ constraint: 'things_pkey' });
      else expect((await inserted).rows).toEqual([{ id }]);
      await client.query(id === 1 ? 'ROLLBACK' : 'COMMIT');
    }
    expect(await names()).toEqual(['1', '2', '3']);
  });
});

describe('Statements of a transaction that do not wait for each other', () => {
  const FIRST = "INSERT INTO things VALUES (1, 'one')";

  it('belong to it, the last before its end', async () => {
    await client.query('START TRANSACTION');
    await Promise.all([client.query(FIRST), client.query('ROLLBACK')]);
    expect(await names()).toEqual([]);
  });

  it('are executed in their order', async () => {
    await client.query('START TRANSACTION');
    const update = { text: 'UPDATE things SET name = $1', values: ['changed'] };
    await Promise.all([client.query(FIRST), client.query(update), client.query('COMMIT')]);
    expect(await names()).toEqual(['changed']);
  });

  it('all fail if it cannot begin', async () => {
    await client.query('START TRANSACTION');
    await database.query('SELECT pg_terminate_backend($1)', [(client as unknown as { processID: number }).processID]);
    client.on('error', () => undefined);
    const failures = await Promise.allSettled([client.query(FIRST), client.query('COMMIT')]);
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await names()).toEqual([]);
  });
});

describe('The transactions of the pool', () => {
  it('commit what they did, or nothing', async () => {
    const dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
    try {
      const transactions = new Transactions(dataSource);
      for (let id = 1; id <= 6; id++) await transactions.run((tx) => tx.query(INSERT, [id, `${id}`]));
      const failed = transactions.run(async (tx) => {
        await tx.query(INSERT, [7, '7']);
        await tx.query(INSERT, [1, 'again']);
      });
      await expect(failed).rejects.toMatchObject({ driverError: { constraint: 'things_pkey' } });
      expect(await names()).toEqual(['1', '2', '3', '4', '5', '6']);
    } finally {
      await dataSource.destroy();
    }
  });
});
