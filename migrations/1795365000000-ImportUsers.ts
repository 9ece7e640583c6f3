import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Users who came from elsewhere. `external_hash` finds one again by the id that it had there; the id itself is sealed under the key
 * of the user. `imported_rounds` is the work of a password hash that is still the one of the other system. An import by the API keeps
 * the file in parts, sealed, until it is done, and what was wrong, sealed, for some days.
 */
export class ImportUsers1795365000000 implements MigrationInterface {
  name = 'ImportUsers1795365000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE password_credentials ADD COLUMN imported_rounds real');
    await runner.query(`
      CREATE INDEX password_credentials_imported ON password_credentials (imported_rounds)
      WHERE imported_rounds IS NOT NULL`);
    await runner.query(`
      CREATE TABLE imported_users (
        user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        source text NOT NULL,
        external_hash bytea NOT NULL CONSTRAINT imported_users_once UNIQUE,
        external_id bytea NOT NULL,
        run_id uuid NOT NULL,
        imported_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE user_imports (
        id uuid PRIMARY KEY,
        maker_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        session_id uuid NOT NULL,
        trace_id text NOT NULL,
        format text NOT NULL CHECK (format IN ('csv', 'ndjson')),
        dry_run boolean NOT NULL,
        invite boolean NOT NULL,
        state text NOT NULL CHECK (state IN ('receiving', 'queued', 'running', 'finished', 'stopped')),
        bytes bigint NOT NULL DEFAULT 0,
        done_bytes bigint NOT NULL DEFAULT 0,
        created integer NOT NULL DEFAULT 0,
        present integer NOT NULL DEFAULT 0,
        refused integer NOT NULL DEFAULT 0,
        reason text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        heard_at timestamptz(3) NOT NULL DEFAULT now(),
        finished_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX user_imports_of_maker ON user_imports (maker_id)');
    await runner.query('CREATE INDEX user_imports_by_age ON user_imports (created_at)');
    await runner.query(`
      CREATE TABLE user_import_parts (
        import_id uuid NOT NULL REFERENCES user_imports (id) ON DELETE CASCADE,
        position integer NOT NULL,
        key_id text NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (import_id, position)
      )`);
    await runner.query(`
      CREATE TABLE user_import_faults (
        import_id uuid NOT NULL REFERENCES user_imports (id) ON DELETE CASCADE,
        position integer NOT NULL,
        line integer NOT NULL,
        code text NOT NULL,
        key_id text NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (import_id, position)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_import_faults, user_import_parts, user_imports, imported_users');
    // The release before cannot verify them; their owners choose new passwords by mail.
    await runner.query('DELETE FROM password_credentials WHERE imported_rounds IS NOT NULL');
    await runner.query('ALTER TABLE password_credentials DROP COLUMN imported_rounds');
  }
}
