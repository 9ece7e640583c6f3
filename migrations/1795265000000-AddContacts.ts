import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Further addresses and phone numbers of a user, in its row: there are few, and they are read and changed with it. */
export class AddContacts1795265000000 implements MigrationInterface {
  name = 'AddContacts1795265000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users ADD COLUMN contacts jsonb NOT NULL DEFAULT '[]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    // What waits to be confirmed means nothing to the release before.
    await runner.query(`DELETE FROM one_time_tokens WHERE purpose LIKE 'confirm-contact:%'`);
    await runner.query('ALTER TABLE users DROP COLUMN contacts');
  }
}
