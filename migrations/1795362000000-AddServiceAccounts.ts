import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Service accounts: users of kind SERVICE, with a `scope` and keys instead of ways to sign in. A key's row holds an HMAC of it, and its
 * name sealed under the key of its user. Triggers note what every server has to hear of at once, as for sessions.
 */
export class AddServiceAccounts1795362000000 implements MigrationInterface {
  name = 'AddServiceAccounts1795362000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without a rewrite: the default is a constant. Not `kind`, which statements of the release before would not tell from that of
    // `sessions`.
    await runner.query(
      `ALTER TABLE users ADD COLUMN account_kind text NOT NULL DEFAULT 'PERSON', ADD COLUMN scope text`,
    );
    // What few are.
    await runner.query(`CREATE INDEX users_services ON users (created_at, id) WHERE account_kind = 'SERVICE'`);
    await runner.query(`
      CREATE TRIGGER users_scope_changed AFTER UPDATE OF scope ON users FOR EACH ROW
      WHEN (OLD.scope IS DISTINCT FROM NEW.scope) EXECUTE FUNCTION note_revocation()`);
    await runner.query(`
      CREATE TABLE service_keys (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        mac_key_id text NOT NULL,
        mac bytea NOT NULL,
        name bytea NOT NULL,
        networks cidr[] NOT NULL DEFAULT '{}',
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3),
        last_used_at timestamptz(3),
        last_used_ip inet,
        retired_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX service_keys_of_user ON service_keys (user_id)');
    await runner.query(`
      CREATE TRIGGER service_keys_retired AFTER UPDATE OF retired_at ON service_keys FOR EACH ROW
      WHEN (OLD.retired_at IS DISTINCT FROM NEW.retired_at) EXECUTE FUNCTION note_revocation()`);
    await runner.query(`
      CREATE TRIGGER service_keys_removed AFTER DELETE ON service_keys FOR EACH ROW
      WHEN (OLD.retired_at IS NULL) EXECUTE FUNCTION note_revocation()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE service_keys');
    await runner.query('DROP TRIGGER users_scope_changed ON users');
    await runner.query('DROP INDEX users_services');
    await runner.query('ALTER TABLE users DROP COLUMN account_kind, DROP COLUMN scope');
  }
}
