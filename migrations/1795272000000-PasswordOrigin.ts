import type { MigrationInterface, QueryRunner } from 'typeorm';

/** From where a password was last changed, for the mail that says so. The release before leaves the columns alone. */
export class PasswordOrigin1795272000000 implements MigrationInterface {
  name = 'PasswordOrigin1795272000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE password_credentials ADD COLUMN changed_ip inet, ADD COLUMN changed_user_agent text',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    // What the release before does not know must not wait for it.
    await runner.query(
      `DELETE FROM one_time_tokens WHERE split_part(purpose, ':', 1) IN ('reset-password', 'confirm-email-change', 'magic-link')`,
    );
    await runner.query('ALTER TABLE password_credentials DROP COLUMN changed_ip, DROP COLUMN changed_user_agent');
  }
}
