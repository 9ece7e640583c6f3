import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The row of an erased user stays, blank. */
export class EraseUsers1795268000000 implements MigrationInterface {
  name = 'EraseUsers1795268000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN erased_at timestamptz(3)');
    // Who is due for erasure.
    await runner.query(
      'CREATE INDEX users_due_for_erasure ON users (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_due_for_erasure');
    await runner.query('ALTER TABLE users DROP COLUMN erased_at');
  }
}
