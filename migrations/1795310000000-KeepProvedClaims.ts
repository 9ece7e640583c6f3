import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Registrations that somebody proved, for as long as they would have waited unproved: sign-ins by their addresses take as long as before,
 * and the password of one that was proved with another (`hash`) is answered as before. It was kept beside the password of the user
 * (`claim_hash`), and was lost with that or with the address. What those columns hold is answered no more; no release had them.
 */
export class KeepProvedClaims1795310000000 implements MigrationInterface {
  name = 'KeepProvedClaims1795310000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE proved_claims (
        user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        address_hash bytea NOT NULL,
        hash text,
        registered_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX proved_claims_of_address ON proved_claims (address_hash)');
    await runner.query('CREATE INDEX proved_claims_by_age ON proved_claims (registered_at)');
    await runner.query('ALTER TABLE password_credentials DROP COLUMN claim_until, DROP COLUMN claim_hash');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE password_credentials ADD COLUMN claim_hash text, ADD COLUMN claim_until timestamptz',
    );
    await runner.query(
      'CREATE INDEX password_credentials_of_claims ON password_credentials (claim_until) WHERE claim_hash IS NOT NULL',
    );
    await runner.query('DROP TABLE proved_claims');
  }
}
