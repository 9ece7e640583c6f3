import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What every server has to hear of at once: sessions that ended, users who may do another thing than before, new keys. Triggers
 * write it down, so that no way to change one of them, an older release's or an operator's among them, can forget to.
 */
export class RevokeSessions1795270000000 implements MigrationInterface {
  name = 'RevokeSessions1795270000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE keys ADD COLUMN retired_at timestamptz');

    await runner.query('ALTER TABLE sessions ADD COLUMN end_reason text');
    // A refresh changes no indexed column, so with room in its page a row stays where it is.
    await runner.query('ALTER TABLE sessions SET (fillfactor = 80)');
    await runner.query('CREATE INDEX sessions_absolute_expiry ON sessions (absolute_expires_at)');

    await runner.query(`
      CREATE TABLE revocations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        kind text NOT NULL,
        subject text,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX revocations_xid ON revocations (xid)');
    await runner.query(`
      CREATE FUNCTION note_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO revocations (kind, subject) VALUES (TG_TABLE_NAME, OLD.id::text);
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER sessions_ended AFTER UPDATE OF ended_at ON sessions FOR EACH ROW
      WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION note_revocation()`);
    // Those that were over anyway are removed in masses, and nobody holds them for good.
    await runner.query(`
      CREATE TRIGGER sessions_removed AFTER DELETE ON sessions FOR EACH ROW
      WHEN (OLD.ended_at IS NULL AND OLD.absolute_expires_at > now()) EXECUTE FUNCTION note_revocation()`);
    await runner.query(`
      CREATE TRIGGER users_may_do_other_things AFTER UPDATE OF role, pending, suspended_at, deleted_at ON users FOR EACH ROW
      WHEN ((OLD.role, OLD.pending, OLD.suspended_at, OLD.deleted_at)
        IS DISTINCT FROM (NEW.role, NEW.pending, NEW.suspended_at, NEW.deleted_at)) EXECUTE FUNCTION note_revocation()`);
    await runner.query(`
      CREATE TRIGGER keys_changed AFTER INSERT ON keys FOR EACH ROW EXECUTE FUNCTION note_revocation()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION note_revocation() CASCADE');
    await runner.query('DROP TABLE revocations');
    await runner.query('DROP INDEX sessions_absolute_expiry');
    await runner.query('ALTER TABLE sessions RESET (fillfactor)');
    await runner.query('ALTER TABLE sessions DROP COLUMN end_reason');
    // Keys that were replaced stay; the newest is used, as before.
    await runner.query('ALTER TABLE keys DROP COLUMN retired_at');
  }
}
