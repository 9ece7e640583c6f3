import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Links that are mailed again keep their token: `requested_at` is when somebody asked last, `created_at` when the token was made.
 * `new_password_required` says that the password behind a link may be somebody else's. `address_allowances` holds when an
 * address was mailed within a day. `claim_hash` is of the password that a registration was made with, where its link took another
 * one: until `claim_until`, it answers as it did before.
 */
export class BindLinks1795299000000 implements MigrationInterface {
  name = 'BindLinks1795299000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE one_time_tokens ADD COLUMN requested_at timestamptz NOT NULL DEFAULT now()');
    await runner.query('ALTER TABLE one_time_tokens ADD COLUMN new_password_required boolean NOT NULL DEFAULT false');
    await runner.query('UPDATE one_time_tokens SET requested_at = created_at');
    // Registrations that wait already: with rivals for their address, or with a link that was asked for anew.
    await runner.query(`
      UPDATE one_time_tokens AS tokens SET new_password_required = true FROM users
      WHERE users.id = tokens.user_id AND tokens.purpose = 'verify-email'
        AND (tokens.created_at > users.created_at + interval '1 second' OR EXISTS (
          SELECT 1 FROM users AS rival WHERE rival.email_key = users.email_key AND rival.id <> users.id))`);
    await runner.query(`
      CREATE TABLE address_allowances (
        address_hash bytea PRIMARY KEY,
        mailed_at timestamptz[] NOT NULL
      )`);
    await runner.query(
      'ALTER TABLE password_credentials ADD COLUMN claim_hash text, ADD COLUMN claim_until timestamptz',
    );
    await runner.query(
      'CREATE INDEX password_credentials_of_claims ON password_credentials (claim_until) WHERE claim_hash IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE password_credentials DROP COLUMN claim_until, DROP COLUMN claim_hash');
    await runner.query('DROP TABLE address_allowances');
    await runner.query('ALTER TABLE one_time_tokens DROP COLUMN new_password_required, DROP COLUMN requested_at');
  }
}
