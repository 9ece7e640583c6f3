import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the list of users filters by: whether a user has a second factor, which triggers keep beside the user, and indexes for what
 * few are. Triggers, since the release before adds and removes factors too.
 */
export class FilterUsers1795350000000 implements MigrationInterface {
  name = 'FilterUsers1795350000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without a rewrite: the default is a constant.
    await runner.query('ALTER TABLE users ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false');
    await runner.query(`
      CREATE FUNCTION note_second_factor() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        holder uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
      BEGIN
        -- Locked before it is looked at, so that of two factors that change at once the later change sees the earlier one.
        PERFORM FROM users WHERE id = holder FOR NO KEY UPDATE;
        UPDATE users SET has_second_factor = held.any
        FROM (SELECT EXISTS (SELECT FROM totp_credentials WHERE user_id = holder)
                  OR EXISTS (SELECT FROM passkeys WHERE user_id = holder) AS any) AS held
        WHERE id = holder AND has_second_factor <> held.any;
        RETURN NULL;
      END $$`);
    for (const table of ['totp_credentials', 'passkeys']) {
      await runner.query(`
        CREATE TRIGGER ${table}_of_users AFTER INSERT OR DELETE ON ${table} FOR EACH ROW
        EXECUTE FUNCTION note_second_factor()`);
    }
    await runner.query(`
      UPDATE users SET has_second_factor = true
      WHERE id IN (SELECT user_id FROM totp_credentials UNION SELECT user_id FROM passkeys)`);
    await runner.query('CREATE INDEX users_with_second_factor ON users (created_at, id) WHERE has_second_factor');
    await runner.query(
      'CREATE INDEX users_unverified ON users (created_at, id) WHERE NOT email_verified AND NOT pending',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_unverified, users_with_second_factor');
    await runner.query('DROP FUNCTION note_second_factor() CASCADE');
    await runner.query('ALTER TABLE users DROP COLUMN has_second_factor');
  }
}
