import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each sink of the relay has come, and what it refused for good. */
export class RelayEvents1795282000000 implements MigrationInterface {
  name = 'RelayEvents1795282000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE relay_cursors (
        sink text PRIMARY KEY,
        position bigint NOT NULL CHECK (position >= 0),
        published bigint NOT NULL DEFAULT 0,
        counted_from timestamptz NOT NULL DEFAULT clock_timestamp(),
        published_before bigint NOT NULL DEFAULT 0,
        leader text,
        failing_since timestamptz,
        failure text
      ) WITH (fillfactor = 20)`);
    await runner.query(`
      CREATE TABLE relay_dead_letters (
        sink text NOT NULL REFERENCES relay_cursors ON DELETE CASCADE,
        position bigint NOT NULL,
        event_id uuid NOT NULL,
        reason text NOT NULL,
        refused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (sink, position)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE relay_dead_letters, relay_cursors');
  }
}
