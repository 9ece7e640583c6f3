import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What `roster verify` found, for those who look after the server. */
export class KeepVerifications1795351000001 implements MigrationInterface {
  name = 'KeepVerifications1795351000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE log_verifications (
        id uuid PRIMARY KEY,
        finished_at timestamptz NOT NULL DEFAULT now(),
        users bigint NOT NULL,
        events bigint NOT NULL,
        faults integer NOT NULL,
        seconds double precision NOT NULL,
        with_checkpoint boolean NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE log_verifications');
  }
}
