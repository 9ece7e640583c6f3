import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes `mails` a queue of its own: when each is due and who has it in hand, what the server answered, who had it sent again. */
export class DeliverMails1795280000000 implements MigrationInterface {
  name = 'DeliverMails1795280000000';

  async up(runner: QueryRunner): Promise<void> {
    // The release before leaves the columns alone: what it queues is due at once.
    await runner.query(`
      ALTER TABLE mails ADD COLUMN due_at timestamptz NOT NULL DEFAULT now(), ADD COLUMN held_until timestamptz,
        ADD COLUMN answer text, ADD COLUMN resend_of uuid, ADD COLUMN requested_by uuid`);
    await runner.query(`CREATE INDEX mails_due ON mails ((template = 'invitation'), due_at) WHERE state = 'queued'`);
    await runner.query('CREATE INDEX mails_in_order ON mails (user_id, id DESC)');
    await runner.query('DROP INDEX mails_of_user');
    // One row: when the next mail may leave, where SMTP_RATE_LIMIT is set.
    await runner.query(`
      CREATE TABLE mail_pace (one boolean PRIMARY KEY DEFAULT true CHECK (one), free_at timestamptz NOT NULL DEFAULT now())`);
    await runner.query('INSERT INTO mail_pace DEFAULT VALUES');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mail_pace');
    // The release before sends what has a job; on a new database there are no jobs yet.
    await runner.query(`
      DO $$ BEGIN
        IF to_regproc('graphile_worker.add_job') IS NOT NULL THEN
          PERFORM graphile_worker.add_job('mail.deliver', json_build_object('mailId', id), job_key := 'mail:' || id, max_attempts := 15)
            FROM mails WHERE state = 'queued';
        END IF;
      END $$`);
    await runner.query('CREATE INDEX mails_of_user ON mails (user_id, created_at DESC)');
    await runner.query('DROP INDEX mails_in_order');
    await runner.query('DROP INDEX mails_due');
    await runner.query(`
      ALTER TABLE mails DROP COLUMN due_at, DROP COLUMN held_until, DROP COLUMN answer, DROP COLUMN resend_of,
        DROP COLUMN requested_by`);
  }
}
