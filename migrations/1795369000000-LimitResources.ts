import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The services that an application may get tokens for, as far as it acts for users; none until an admin names them. */
export class LimitResources1795369000000 implements MigrationInterface {
  name = 'LimitResources1795369000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE clients ADD COLUMN resources text[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE clients DROP COLUMN resources');
  }
}
