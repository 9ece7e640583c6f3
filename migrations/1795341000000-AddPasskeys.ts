import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Passkeys (WebAuthn credentials) of users, and the challenges that authenticators are to sign. `rp_id` is the host that a passkey
 * was made for: it can be used for no other. `name` is sealed under the key of its user. A challenge is deleted when it is used.
 */
export class AddPasskeys1795341000000 implements MigrationInterface {
  name = 'AddPasskeys1795341000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE passkeys (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        rp_id text NOT NULL,
        credential_id bytea NOT NULL CONSTRAINT passkeys_once UNIQUE,
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        transports text[] NOT NULL,
        backup_eligible boolean NOT NULL,
        backed_up boolean NOT NULL,
        aaguid uuid NOT NULL,
        name bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX passkeys_of_user ON passkeys (user_id)');
    await runner.query(`
      CREATE TABLE passkey_challenges (
        challenge_hash bytea PRIMARY KEY,
        purpose text NOT NULL CHECK (purpose IN ('registration', 'sign-in', 'proof')),
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        bound_to text,
        browser_hash bytea,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX passkey_challenges_of_user ON passkey_challenges (user_id)');
    await runner.query('CREATE INDEX passkey_challenges_by_age ON passkey_challenges (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE passkey_challenges, passkeys');
  }
}
