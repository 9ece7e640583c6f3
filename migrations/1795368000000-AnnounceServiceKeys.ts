import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The feed of revocations tells of retired keys of service accounts too, whose JWTs name them as `sid`. */
export class AnnounceServiceKeys1795368000000 implements MigrationInterface {
  name = 'AnnounceServiceKeys1795368000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      noteRevocation(`ELSIF TG_TABLE_NAME = 'service_keys' THEN
      why := 'key-retired';
    `),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(noteRevocation());
  }
}

/** As the migration `FeedRevocations` made it, with one more case. */
const noteRevocation = (serviceKeys = '') => `
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
    ${serviceKeys}ELSIF TG_TABLE_NAME = 'keys' THEN
      IF TG_OP = 'DELETE' THEN
        why := 'key-destroyed';
      ELSIF TG_OP = 'UPDATE' AND NEW.retired_at IS NOT NULL AND OLD.retired_at IS NULL THEN
        why := 'key-retired';
      END IF;
    END IF;
    INSERT INTO revocations (kind, subject, reason, epoch) VALUES (TG_TABLE_NAME, OLD.id::text, why, version);
    RETURN NULL;
  END $$`;
