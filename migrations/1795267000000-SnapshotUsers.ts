import type { MigrationInterface, QueryRunner } from 'typeorm';

/** States of users with long histories, so that any past one is a few events away. */
export class SnapshotUsers1795267000000 implements MigrationInterface {
  name = 'SnapshotUsers1795267000000';

  async up(runner: QueryRunner): Promise<void> {
    // A snapshot holds personal data sealed under the user's key, and goes with it, whoever destroys it.
    await runner.query(`
      CREATE TABLE user_snapshots (
        user_id uuid NOT NULL REFERENCES user_keys (user_id) ON DELETE CASCADE,
        user_version integer NOT NULL CHECK (user_version > 0),
        shape integer NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (user_id, user_version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_snapshots');
  }
}
