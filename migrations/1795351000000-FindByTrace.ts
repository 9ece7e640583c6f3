import type { MigrationInterface, QueryRunner } from 'typeorm';

interface NewIndex {
  readonly name: string;
  readonly on: string;
}

// By hash, where only equality is asked for: half the size of a B-tree over ids that are random anyway.
const INDEXES: readonly NewIndex[] = [
  { name: 'user_events_by_trace', on: 'user_events USING hash (trace_id)' },
  { name: 'mails_by_trace', on: 'mails USING hash (trace_id)' },
  { name: 'users_by_phone', on: 'users (phone) WHERE phone IS NOT NULL' },
  { name: 'users_by_contact', on: `users USING gin (contacts jsonb_path_ops) WHERE contacts <> '[]'` },
  // Most are sent: those are found in the order of their ids.
  { name: 'mails_by_state', on: `mails (state, id DESC) WHERE state <> 'sent'` },
  { name: 'mails_by_template', on: 'mails (template, id DESC)' },
];

/**
 * Finds what became of a person by a trace id, a phone number or a further address, and the mails of all users by state and template.
 * The tables may be large, and servers write to them meanwhile: concurrently, so outside a transaction.
 */
export class FindByTrace1795351000000 implements MigrationInterface {
  name = 'FindByTrace1795351000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const index of INDEXES) await build(runner, index);
    // A partitioned table takes none concurrently, but its parts do.
    await runner.query('DROP INDEX IF EXISTS auth_events_by_trace');
    await runner.query('CREATE INDEX auth_events_by_trace ON ONLY auth_events USING hash (trace_id)');
    const parts = (await runner.query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'auth_events'::regclass ORDER BY 1`,
    )) as { name: string }[];
    for (const { name: part } of parts) {
      const name = `${part}_by_trace`;
      await build(runner, { name, on: `${part} USING hash (trace_id)` });
      await runner.query(`ALTER INDEX auth_events_by_trace ATTACH PARTITION ${name}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX IF EXISTS auth_events_by_trace');
    for (const { name } of INDEXES) await runner.query(`DROP INDEX IF EXISTS ${name}`);
  }
}

/** What an attempt left behind that had to give way is not valid, and is made anew. */
async function build(runner: QueryRunner, { name, on }: NewIndex): Promise<void> {
  const how = runner.isTransactionActive ? '' : 'CONCURRENTLY';
  // For transactions that were open before; nobody waits for it meanwhile.
  const [{ lock_timeout: before }] = (await runner.query('SHOW lock_timeout')) as [{ lock_timeout: string }];
  await runner.query(`SET lock_timeout = '5min'`);
  await runner.query(`DROP INDEX ${how} IF EXISTS ${name}`);
  await runner.query(`CREATE INDEX ${how} ${name} ON ${on}`);
  await runner.query(`SET lock_timeout = '${before}'`);
}
