import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Counts the identities of a provider, and finds when one was last used, without reading all of them. No release had the table. */
export class CountIdentities1795366000000 implements MigrationInterface {
  name = 'CountIdentities1795366000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX identities_of_provider ON identities (provider, last_used_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX identities_of_provider');
  }
}
