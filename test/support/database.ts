import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A database of its own, cloned from the migrated one, so that test files run side by side. */
export async function createTestDatabase(template?: string): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  if (!server) throw new Error('TEST_DATABASE_URL is not set; run the tests by an npm script');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const source = template ?? new URL(server).pathname.slice(1);
  // In memory, copying files takes a third of what writing each page to the log takes.
  await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE ${source} STRATEGY file_copy`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  // The pool counts a connection as closed before it is, and dropping the database cuts it off.
  pool.on('error', () => undefined);
  return {
    url: url.href,
    query: async <Row extends object>(sql: string, values?: unknown[]) => (await pool.query<Row>(sql, values)).rows,
    drop: async () => {
      await pool.end();
      await dropped(() => asAdmin(server, `DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

/** A worker of autovacuum, which is the superuser's, may not be ended by our role, and ends by itself in a moment. */
async function dropped(drop: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await drop();
      return;
    } catch (error) {
      if (attempt === 50 || (error as { code?: string }).code !== '42501') throw error;
      await sleep(100);
    }
  }
}

async function asAdmin(server: string, sql: string): Promise<void> {
  const url = new URL(server);
  // Not the template itself: nobody may be connected to it while it is cloned.
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
