import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The browsers and apps that asked for a sign-in link and wait for its code. A row holds the hash of what the asker keeps, so a copy
 * of the table signs nobody in. The release before does not know the table: links that it issues have no code.
 */
export class BindMagicLinksToBrowsers1795344000000 implements MigrationInterface {
  name = 'BindMagicLinksToBrowsers1795344000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE magic_link_requests (
        id uuid PRIMARY KEY,
        binding bytea NOT NULL,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        token_id uuid NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        requested_ip inet,
        requested_user_agent text,
        tries smallint NOT NULL DEFAULT 0
      )`);
    await runner.query('CREATE UNIQUE INDEX magic_link_requests_of_asker ON magic_link_requests (binding, user_id)');
    await runner.query('CREATE INDEX magic_link_requests_of_link ON magic_link_requests (token_id)');
    await runner.query('CREATE INDEX magic_link_requests_of_user ON magic_link_requests (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE magic_link_requests');
  }
}
