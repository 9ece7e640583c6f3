import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Acts on many users at once, and what became of each row. Ids and codes, but for two things that are sealed: `reason`, under the
 * key of the maker and until the act is finished, and `detail`, under the key of the user of the row. `user_id` may be nobody's.
 */
export class AddBulkActs1795350100000 implements MigrationInterface {
  name = 'AddBulkActs1795350100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE bulk_acts (
        id uuid PRIMARY KEY,
        maker_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        session_id uuid NOT NULL,
        trace_id text NOT NULL,
        action text NOT NULL CHECK (action IN ('suspend', 'reinstate', 'role')),
        role text,
        reason bytea,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        started_at timestamptz(3),
        finished_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX bulk_acts_of_maker ON bulk_acts (maker_id)');
    await runner.query('CREATE INDEX bulk_acts_by_age ON bulk_acts (created_at)');
    await runner.query(`
      CREATE TABLE bulk_act_rows (
        act_id uuid NOT NULL REFERENCES bulk_acts (id) ON DELETE CASCADE,
        position smallint NOT NULL,
        user_id uuid NOT NULL,
        outcome text CHECK (outcome IN ('succeeded', 'refused', 'failed')),
        code text,
        detail bytea,
        PRIMARY KEY (act_id, position)
      )`);
    await runner.query('CREATE INDEX bulk_act_rows_of_user ON bulk_act_rows (user_id) WHERE detail IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE bulk_act_rows, bulk_acts');
  }
}
