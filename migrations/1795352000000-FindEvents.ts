import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long it waits for transactions that were open when it began. Nobody waits for it meanwhile. */
const WAIT_FOR_OTHERS = '5min';

/** The partitions of a table that have no part of an index, and a name for it. */
const WITHOUT_INDEX = `
  SELECT quote_ident(part.relname) AS partition, quote_ident(left(part.relname || '_' || $2::text, 63)) AS own
  FROM pg_inherits AS partition JOIN pg_class AS part ON part.oid = partition.inhrelid
  WHERE partition.inhparent = $1::regclass AND NOT EXISTS (
    SELECT FROM pg_inherits AS index_part JOIN pg_index ON pg_index.indexrelid = index_part.inhrelid
    WHERE index_part.inhparent = to_regclass($2) AND pg_index.indrelid = part.oid)
  ORDER BY part.relname`;

/**
 * Finds events by type and by who caused them, the newest first; the same for audit events; and deliveries that have failed. Built
 * beside readers and writers: these tables are the largest.
 */
export class FindEvents1795352000000 implements MigrationInterface {
  name = 'FindEvents1795352000000';
  /** CREATE INDEX CONCURRENTLY runs in none. */
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await buildIndex(runner, 'user_events_by_type', 'ON user_events (type, occurred_at, id)');
    await buildIndex(
      runner,
      'user_events_by_actor',
      `ON user_events ((actor ->> 'id'), type, occurred_at, id) WHERE actor ->> 'id' IS NOT NULL`,
    );
    await buildIndex(
      runner,
      'webhook_deliveries_failed',
      `ON webhook_deliveries (endpoint_id, created_at, id) WHERE state = 'failed'`,
    );
    await buildPartitionedIndex(runner, {
      name: 'auth_events_by_type',
      table: 'auth_events',
      columns: '(type, occurred_at, id)',
    });
    await buildPartitionedIndex(runner, {
      name: 'auth_events_of_actor',
      table: 'auth_events',
      columns: '(actor_id, occurred_at, id) WHERE actor_id IS NOT NULL',
    });
    // The one above begins with the same column.
    await runner.query('DROP INDEX IF EXISTS auth_events_by_actor');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX auth_events_by_actor ON auth_events (actor_id) WHERE actor_id IS NOT NULL');
    await runner.query(
      'DROP INDEX auth_events_of_actor, auth_events_by_type, webhook_deliveries_failed, user_events_by_actor, user_events_by_type',
    );
  }
}

/**
 * Builds an index while others read and write the table. If it fails on the way, PostgreSQL keeps an invalid index, and the
 * next attempt begins again.
 * @param definition what follows the name, such as `ON users (email)`
 */
async function buildIndex(runner: QueryRunner, name: string, definition: string): Promise<void> {
  if (await isValid(runner, name)) return;
  const [{ lock_timeout: before }] = (await runner.query('SHOW lock_timeout')) as [{ lock_timeout: string }];
  await runner.query(`SET lock_timeout = '${WAIT_FOR_OTHERS}'`);
  try {
    await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await runner.query(`CREATE INDEX CONCURRENTLY ${name} ${definition}`);
  } finally {
    await runner.query(`SET lock_timeout = '${before}'`);
  }
}

/**
 * The same for a partitioned table: one partition after the other. Partitions that are added meanwhile get the index when they are made.
 * @param columns in parentheses, with a condition where there is one
 */
async function buildPartitionedIndex(
  runner: QueryRunner,
  { name, table, columns }: { readonly name: string; readonly table: string; readonly columns: string },
): Promise<void> {
  if (await isValid(runner, name)) return;
  // Takes no time: it is invalid until each partition has its own.
  await runner.query(`CREATE INDEX IF NOT EXISTS ${name} ON ONLY ${table} ${columns}`);
  const partitions = (await runner.query(WITHOUT_INDEX, [table, name])) as { partition: string; own: string }[];
  for (const { partition, own } of partitions) {
    await buildIndex(runner, own, `ON ${partition} ${columns}`);
    await runner.query(`ALTER INDEX ${name} ATTACH PARTITION ${own}`);
  }
}

async function isValid(runner: QueryRunner, name: string): Promise<boolean> {
  const rows = (await runner.query('SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid', [
    name,
  ])) as unknown[];
  return rows.length > 0;
}
