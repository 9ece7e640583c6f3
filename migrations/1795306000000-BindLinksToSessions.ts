import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The session in which a link was asked for, which a change of address leaves. The release before leaves the column alone. */
export class BindLinksToSessions1795306000000 implements MigrationInterface {
  name = 'BindLinksToSessions1795306000000';

  async up(runner: QueryRunner): Promise<void> {
    // Refers to no session: one that is over and removed takes no link with it.
    await runner.query('ALTER TABLE one_time_tokens ADD COLUMN requested_session_id uuid');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE one_time_tokens DROP COLUMN requested_session_id');
  }
}
