import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets other services follow revocations: each gets its reason, that of a user the user's version too, and, once a reader of the
 * feed is there, a position. What has no reason is news for servers only.
 */
export class FeedRevocations1795363000000 implements MigrationInterface {
  name = 'FeedRevocations1795363000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE revocations ADD COLUMN reason text, ADD COLUMN epoch integer, ADD COLUMN position bigint',
    );
    // Not the highest position of the table: the sweep empties it, and none may be given out twice.
    await runner.query('CREATE SEQUENCE revocation_positions');
    await runner.query('CREATE UNIQUE INDEX revocations_position ON revocations (position) WHERE position IS NOT NULL');
    await runner.query(
      'CREATE INDEX revocations_unplaced ON revocations (id) WHERE position IS NULL AND reason IS NOT NULL',
    );
    await runner.query(NOTE_WITH_REASON);
    await runner.query('DROP TRIGGER users_may_do_other_things ON users');
    await runner.query(`
      CREATE TRIGGER users_may_do_other_things AFTER UPDATE OF role, pending, suspended_at, deleted_at, erased_at ON users
      FOR EACH ROW WHEN ((OLD.role, OLD.pending, OLD.suspended_at, OLD.deleted_at, OLD.erased_at)
        IS DISTINCT FROM (NEW.role, NEW.pending, NEW.suspended_at, NEW.deleted_at, NEW.erased_at))
      EXECUTE FUNCTION note_revocation()`);
    await runner.query(`
      CREATE TRIGGER keys_retired AFTER UPDATE OF retired_at ON keys FOR EACH ROW
      WHEN (OLD.retired_at IS NULL AND NEW.retired_at IS NOT NULL) EXECUTE FUNCTION note_revocation()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER keys_retired ON keys');
    await runner.query('DROP TRIGGER users_may_do_other_things ON users');
    await runner.query(`
      CREATE TRIGGER users_may_do_other_things AFTER UPDATE OF role, pending, suspended_at, deleted_at ON users FOR EACH ROW
      WHEN ((OLD.role, OLD.pending, OLD.suspended_at, OLD.deleted_at)
        IS DISTINCT FROM (NEW.role, NEW.pending, NEW.suspended_at, NEW.deleted_at)) EXECUTE FUNCTION note_revocation()`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION note_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO revocations (kind, subject) VALUES (TG_TABLE_NAME, OLD.id::text);
        RETURN NULL;
      END $$`);
    await runner.query('DROP INDEX revocations_position, revocations_unplaced');
    await runner.query('ALTER TABLE revocations DROP COLUMN reason, DROP COLUMN epoch, DROP COLUMN position');
    await runner.query('DROP SEQUENCE revocation_positions');
  }
}

const NOTE_WITH_REASON = `
  CREATE OR REPLACE FUNCTION note_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    why text;
    version integer;
  BEGIN
    IF TG_TABLE_NAME = 'sessions' THEN
      IF TG_OP = 'DELETE' THEN
        why := 'removed';
      ELSIF NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL THEN
        why := coalesce(NEW.end_reason, 'signed-out');
      END IF;
    ELSIF TG_TABLE_NAME = 'users' THEN
      version := NEW.version;
      IF NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL THEN
        why := 'erased';
      ELSIF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN
        why := 'deleted';
      ELSIF NEW.suspended_at IS NOT NULL AND OLD.suspended_at IS NULL THEN
        why := 'suspended';
      ELSIF NEW.role IS DISTINCT FROM OLD.role THEN
        why := 'role-changed';
      END IF;
    ELSIF TG_TABLE_NAME = 'keys' THEN
      IF TG_OP = 'DELETE' THEN
        why := 'key-destroyed';
      ELSIF TG_OP = 'UPDATE' AND NEW.retired_at IS NOT NULL AND OLD.retired_at IS NULL THEN
        why := 'key-retired';
      END IF;
    END IF;
    INSERT INTO revocations (kind, subject, reason, epoch) VALUES (TG_TABLE_NAME, OLD.id::text, why, version);
    RETURN NULL;
  END $$`;
