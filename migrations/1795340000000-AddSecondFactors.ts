import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Second factors by time-based codes (TOTP), recovery codes, and the sign-ins that wait for their second factor. The release before
 * knows none of it, and lets such users in by their first factor until it is replaced.
 */
export class AddSecondFactors1795340000000 implements MigrationInterface {
  name = 'AddSecondFactors1795340000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE totp_credentials (
        user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        sealed_secret bytea NOT NULL,
        last_step bigint NOT NULL,
        added_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz
      )`);
    await runner.query(`
      CREATE TABLE totp_setups (
        user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        sealed_secret bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        hash bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz,
        PRIMARY KEY (user_id, hash)
      )`);
    await runner.query(`
      CREATE TABLE sign_in_tickets (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        purpose text NOT NULL CHECK (purpose IN ('sign-in', 'setup')),
        method text NOT NULL,
        amr text[] NOT NULL,
        is_by_mail boolean NOT NULL,
        device_id text,
        browser_hash bytea,
        key_id text NOT NULL,
        nonce bytea NOT NULL,
        failures integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      )`);
    await runner.query('CREATE INDEX sign_in_tickets_of_user ON sign_in_tickets (user_id)');
    await runner.query('CREATE INDEX sign_in_tickets_by_expiry ON sign_in_tickets (expires_at)');
    // Without a rewrite: the default is a constant.
    await runner.query('ALTER TABLE lockouts ADD COLUMN of_second_step boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE lockouts DROP COLUMN of_second_step');
    await runner.query('DROP TABLE sign_in_tickets, recovery_codes, totp_setups, totp_credentials');
  }
}
