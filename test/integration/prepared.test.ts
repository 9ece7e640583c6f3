import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Transactions } from '../../src/database/transaction.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize();
  await dataSource.query('CREATE TABLE things (id int PRIMARY KEY, name text)');
  await dataSource.query("INSERT INTO things VALUES (1, 'one')");
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const preparedOf = (text: string) =>
  dataSource.query<{ name: string }[]>('SELECT name FROM pg_prepared_statements WHERE statement = $1', [text]);

describe('Statements of the pool', () => {
  it('are prepared when they recur, and not before', async () => {
    const text = 'SELECT name FROM things WHERE id = $1';
    await dataSource.query(text, [1]);
    expect(await preparedOf(text)).toEqual([]);
    for (let time = 0; time < 5; time++) expect(await dataSource.query(text, [1])).toEqual([{ name: 'one' }]);
    expect(await preparedOf(text)).toHaveLength(1);
  });

  it('are planned each time if they search or page', async () => {
    for (const text of ['SELECT id FROM things WHERE name LIKE $1', 'SELECT name FROM things ORDER BY id LIMIT $1']) {
      for (let time = 0; time < 5; time++) await dataSource.query(text, [1]);
      expect(await preparedOf(text)).toEqual([]);
    }
  });

  it('are prepared anew while a table may grow', async () => {
    const text = 'SELECT id FROM things WHERE id = $1';
    for (let time = 0; time < 60; time++) await dataSource.query(text, [1]);
    expect(await preparedOf(text)).toHaveLength(2);
  });

  it('see a column that a migration adds meanwhile', async () => {
    const text = 'SELECT * FROM things WHERE id = $1';
    const read = () => new Transactions(dataSource).run((tx) => tx.query<object[]>(text, [1]));
    for (let time = 0; time < 5; time++) await read();
    expect(await preparedOf(text)).toHaveLength(1);
    await dataSource.query('ALTER TABLE things ADD COLUMN size int');
    expect(await read()).toEqual([{ id: 1, name: 'one', size: null }]);
  });
});
