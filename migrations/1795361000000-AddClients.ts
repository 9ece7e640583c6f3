import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Applications that sign their people in with Roster, their secrets and what was done to them. Of a secret only an HMAC is kept. The log
 * of a client outlives it.
 */
export class AddClients1795361000000 implements MigrationInterface {
  name = 'AddClients1795361000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE clients (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        redirect_uris text[] NOT NULL,
        post_logout_redirect_uris text[] NOT NULL,
        backchannel_logout_uri text,
        grant_types text[] NOT NULL,
        scopes text[] NOT NULL,
        public boolean NOT NULL,
        first_party boolean NOT NULL,
        id_token_alg text NOT NULL CHECK (id_token_alg IN ('RS256', 'ES256')),
        claims_in_id_token boolean NOT NULL,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX clients_newest ON clients (created_at, id)');
    // Servers that remember a client hear of its change as they hear of an ended session.
    await runner.query(`
      CREATE TRIGGER clients_changed AFTER UPDATE OR DELETE ON clients FOR EACH ROW EXECUTE FUNCTION note_revocation()`);

    // The present one has no end.
    await runner.query(`
      CREATE TABLE client_secrets (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
        key_id text NOT NULL,
        mac bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3)
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX client_secrets_present ON client_secrets (client_id) WHERE expires_at IS NULL',
    );
    await runner.query('CREATE INDEX client_secrets_of_client ON client_secrets (client_id)');

    await runner.query(`
      CREATE TABLE client_events (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL,
        type text NOT NULL CHECK (type IN ('client.created', 'client.updated', 'client.deleted', 'client.secret_rotated')),
        actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'anonymous', 'system')),
        actor_id uuid,
        actor_role text,
        trace_id text NOT NULL,
        data jsonb NOT NULL,
        occurred_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query('CREATE INDEX client_events_of_client ON client_events (client_id, occurred_at, id)');
    await runner.query(`
      CREATE TRIGGER client_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON client_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_record()`);
    await runner.query('ALTER TABLE client_events ENABLE ALWAYS TRIGGER client_events_append_only');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE client_events, client_secrets, clients');
    await runner.query(`DELETE FROM keys WHERE purpose = 'client-secret'`);
  }
}
