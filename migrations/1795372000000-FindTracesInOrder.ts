import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['user_events', 'mails'];
const [HASH, TREE] = [
  { method: 'hash', ending: 'by_trace' },
  { method: 'btree', ending: 'by_trace_id' },
] as const;

type Kind = typeof HASH | typeof TREE;

/**
 * Finds events, mails and sign-ins of a trace by a B-tree in place of a hash index. All that have one trace id are in one bucket of a
 * hash index, and each new one reads the whole bucket to find a place: an import of a million users, which is one trace, took
 * longer for each user than for the one before, and so did requests of a client that sends one id with all of them. The tables
 * may be large, and servers write to them meanwhile: concurrently, so outside a transaction.
 */
export class FindTracesInOrder1795372000000 implements MigrationInterface {
  name = 'FindTracesInOrder1795372000000';
  transaction = false;

  up(runner: QueryRunner): Promise<void> {
    return replace(runner, HASH, TREE);
  }

  down(runner: QueryRunner): Promise<void> {
    return replace(runner, TREE, HASH);
  }
}

async function replace(runner: QueryRunner, old: Kind, { method, ending }: Kind): Promise<void> {
  const how = runner.isTransactionActive ? '' : 'CONCURRENTLY';
  // For transactions that were open before; nobody waits for it meanwhile.
  const [{ lock_timeout: before }] = (await runner.query('SHOW lock_timeout')) as [{ lock_timeout: string }];
  const patiently = async (...statements: string[]): Promise<void> => {
    await runner.query(`SET lock_timeout = '5min'`);
    for (const statement of statements) await runner.query(statement);
    await runner.query(`SET lock_timeout = '${before}'`);
  };
  // What an attempt left behind that had to give way is not valid, and is made anew.
  const build = (table: string): Promise<void> =>
    patiently(
      `DROP INDEX ${how} IF EXISTS ${table}_${ending}`,
      `CREATE INDEX ${how} ${table}_${ending} ON ${table} USING ${method} (trace_id)`,
    );
  for (const table of TABLES) {
    await build(table);
    await patiently(`DROP INDEX ${how} IF EXISTS ${table}_${old.ending}`);
  }
  // A partitioned table takes none concurrently, but its parts do.
  await runner.query(`DROP INDEX IF EXISTS auth_events_${ending}`);
  await runner.query(`CREATE INDEX auth_events_${ending} ON ONLY auth_events USING ${method} (trace_id)`);
  const parts = (await runner.query(
    `SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = 'auth_events'::regclass ORDER BY 1`,
  )) as { part: string }[];
  for (const { part } of parts) {
    await build(part);
    await runner.query(`ALTER INDEX auth_events_${ending} ATTACH PARTITION ${part}_${ending}`);
  }
  // With those of its parts, which cannot be dropped by themselves.
  await runner.query(`DROP INDEX IF EXISTS auth_events_${old.ending}`);
}
