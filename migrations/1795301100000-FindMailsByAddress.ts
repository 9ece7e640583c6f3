import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the mails of others that hold an address which is erased. */
export class FindMailsByAddress1795301100000 implements MigrationInterface {
  name = 'FindMailsByAddress1795301100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX mails_by_recipient ON mails (lower(recipient))');
    await runner.query(
      `CREATE INDEX mails_by_new_address ON mails (lower(data ->> 'newEmail')) WHERE data ? 'newEmail'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX mails_by_recipient, mails_by_new_address');
  }
}
