import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the OpenID provider keeps: codes, tokens, grants, interactions and the consent of users. Ids are hashed with a key and
 * payloads sealed, under the key of the user where there is one, so a copy of the table signs nobody in. `session_id` is the session
 * of Roster that everything of a user hangs on; a consent alone outlives it, and does not expire.
 */
export class AddOpenIdArtifacts1795360000000 implements MigrationInterface {
  name = 'AddOpenIdArtifacts1795360000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE openid_artifacts (
        id_hash bytea PRIMARY KEY,
        kind text NOT NULL,
        grant_hash bytea,
        client_id text,
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        session_id uuid,
        role_at_issue text,
        payload bytea NOT NULL,
        user_code_hash bytea UNIQUE,
        consumed_at timestamptz(3),
        expires_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX openid_artifacts_of_grant ON openid_artifacts (grant_hash)');
    await runner.query('CREATE INDEX openid_artifacts_of_user ON openid_artifacts (user_id, kind)');
    await runner.query('CREATE INDEX openid_artifacts_of_client ON openid_artifacts (client_id)');
    await runner.query(
      `CREATE INDEX openid_artifacts_of_session ON openid_artifacts (session_id) WHERE session_id IS NOT NULL`,
    );
    await runner.query('CREATE INDEX openid_artifacts_by_age ON openid_artifacts (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE openid_artifacts');
  }
}
