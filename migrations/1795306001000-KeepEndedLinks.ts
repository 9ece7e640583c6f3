import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Links that were replaced or withdrawn, so that who holds one is told why it no longer works. A table of its own, because the
 * release before names the unique index of `one_time_tokens` in its ON CONFLICT; what that release replaces is not kept.
 */
export class KeepEndedLinks1795306001000 implements MigrationInterface {
  name = 'KeepEndedLinks1795306001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ended_links (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        purpose text NOT NULL,
        key_id text NOT NULL,
        nonce bytea NOT NULL,
        how text NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX ended_links_of_user ON ended_links (user_id)');
    await runner.query('CREATE INDEX ended_links_by_age ON ended_links (ended_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ended_links');
  }
}
