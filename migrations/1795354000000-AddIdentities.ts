import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who users are at other providers, and the sign-ins that are on their way there. `profile` is sealed under the key of its user. A
 * flow holds the hash of what its browser keeps and of the `state` that comes back, so a copy of the table completes none.
 */
export class AddIdentities1795354000000 implements MigrationInterface {
  name = 'AddIdentities1795354000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE identities (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        provider text NOT NULL,
        issuer text NOT NULL,
        subject text NOT NULL,
        profile bytea NOT NULL,
        linked_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        CONSTRAINT identities_once UNIQUE (issuer, subject)
      )`);
    await runner.query('CREATE INDEX identities_of_user ON identities (user_id)');
    await runner.query(`
      CREATE TABLE provider_flows (
        token_hash bytea PRIMARY KEY,
        purpose text NOT NULL CHECK (purpose IN ('sign-in', 'link', 'handover')),
        provider text NOT NULL,
        browser_hash bytea,
        code_challenge text,
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        session_id uuid,
        identity_id uuid REFERENCES identities (id) ON DELETE CASCADE,
        continue_to text,
        keep_signed_in boolean NOT NULL DEFAULT false,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX provider_flows_of_user ON provider_flows (user_id)');
    await runner.query('CREATE INDEX provider_flows_of_identity ON provider_flows (identity_id)');
    await runner.query('CREATE INDEX provider_flows_by_age ON provider_flows (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE provider_flows, identities');
  }
}
