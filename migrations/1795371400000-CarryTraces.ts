import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A mail remembers the span that queued it (W3C Trace Context), so that sending it belongs to the same trace; null where nothing is traced. */
export class CarryTraces1795371400000 implements MigrationInterface {
  name = 'CarryTraces1795371400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mails ADD COLUMN traceparent text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mails DROP COLUMN traceparent');
  }
}
