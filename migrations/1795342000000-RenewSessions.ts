import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A session whose user proves who they are once more: every server hears of it, since its cookie has a new value and the one before
 * must stop working everywhere; and the new cookie lasts as long as the one before was to.
 */
export class RenewSessions1795342000000 implements MigrationInterface {
  name = 'RenewSessions1795342000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions ADD COLUMN keep_signed_in boolean NOT NULL DEFAULT false');
    // A refresh, and the use of a browser session, name none of these columns, so neither costs more.
    await runner.query(`
      CREATE TRIGGER sessions_renewed AFTER UPDATE OF nonce, amr, authenticated_at ON sessions FOR EACH ROW
      WHEN ((OLD.nonce, OLD.amr, OLD.authenticated_at) IS DISTINCT FROM (NEW.nonce, NEW.amr, NEW.authenticated_at))
      EXECUTE FUNCTION note_revocation()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER sessions_renewed ON sessions');
    await runner.query('ALTER TABLE sessions DROP COLUMN keep_signed_in');
  }
}
