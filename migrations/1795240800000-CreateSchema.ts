import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The schema of 0.1.0. */
export class CreateSchema1795240800000 implements MigrationInterface {
  name = 'CreateSchema1795240800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE keys (
        id text PRIMARY KEY,
        purpose text NOT NULL,
        wrapped bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);

    await runner.query(`
      CREATE TABLE user_events (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        user_version integer NOT NULL CHECK (user_version > 0),
        type text NOT NULL,
        schema_version smallint NOT NULL,
        actor jsonb NOT NULL,
        trace_id text NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        data jsonb NOT NULL,
        personal bytea,
        previous_hash bytea,
        key_id text NOT NULL REFERENCES keys (id),
        hash bytea NOT NULL,
        CONSTRAINT user_events_user_version UNIQUE (user_id, user_version)
      )`);
    await runner.query(`
      CREATE FUNCTION refuse_change_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await runner.query(`
      CREATE TRIGGER user_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON user_events
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_record()`);
    // ALWAYS: also where session_replication_role would switch ordinary triggers off.
    await runner.query('ALTER TABLE user_events ENABLE ALWAYS TRIGGER user_events_append_only');

    await runner.query(`
      CREATE TABLE user_keys (
        user_id uuid PRIMARY KEY,
        key_id text NOT NULL REFERENCES keys (id),
        wrapped bytea NOT NULL
      )`);

    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        version integer NOT NULL,
        email text,
        email_key text,
        email_verified boolean NOT NULL,
        username text,
        username_key text,
        first_name text,
        last_name text,
        nickname text,
        bio text,
        picture_url text,
        locale text,
        phone text,
        github_url text,
        linkedin_url text,
        is_professional boolean NOT NULL,
        professional_status_changed_at timestamptz(3),
        role text NOT NULL CHECK (role IN ('AUTHENTICATED', 'MANAGER', 'ADMIN')),
        pending boolean NOT NULL,
        suspended_at timestamptz(3),
        deleted_at timestamptz(3),
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        locked_until timestamptz(3),
        last_login_at timestamptz(3)
      )`);
    // An address belongs to whoever proves it; any number of registrations may claim it until then.
    await runner.query('CREATE UNIQUE INDEX users_email_owner ON users (email_key) WHERE NOT pending');
    await runner.query('CREATE INDEX users_email_claims ON users (email_key, id DESC) WHERE pending');
    await runner.query('CREATE UNIQUE INDEX users_username ON users (username_key)');
    await runner.query('CREATE INDEX users_newest ON users (created_at DESC, id DESC) WHERE NOT pending');
    await runner.query(`CREATE INDEX users_admins ON users (id) WHERE role = 'ADMIN'`);

    await runner.query(`
      CREATE TABLE password_credentials (
        user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        hash text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now()
      )`);

    await runner.query(`
      CREATE TABLE one_time_tokens (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        purpose text NOT NULL,
        key_id text NOT NULL REFERENCES keys (id),
        nonce bytea NOT NULL,
        requested_ip inet,
        requested_user_agent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      )`);
    // Newest only: an older link of the same purpose is gone when a new one is made.
    await runner.query('CREATE UNIQUE INDEX one_time_tokens_newest ON one_time_tokens (user_id, purpose)');

    await runner.query(`
      CREATE TABLE address_throttle (
        address_hash bytea PRIMARY KEY,
        last_mail_at timestamptz NOT NULL
      )`);

    await runner.query(`
      CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        key_id text NOT NULL REFERENCES keys (id),
        nonce bytea NOT NULL,
        generation integer NOT NULL DEFAULT 1,
        ip inet,
        user_agent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        rotated_at timestamptz NOT NULL DEFAULT now(),
        idle_expires_at timestamptz NOT NULL,
        absolute_expires_at timestamptz NOT NULL,
        ended_at timestamptz
      )`);
    await runner.query('CREATE INDEX sessions_of_user ON sessions (user_id) WHERE ended_at IS NULL');

    await runner.query(`
      CREATE TABLE mails (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        template text NOT NULL,
        recipient text NOT NULL,
        data jsonb NOT NULL DEFAULT '{}',
        state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
        attempts integer NOT NULL DEFAULT 0,
        last_error text,
        trace_id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        sent_at timestamptz
      )`);
    await runner.query('CREATE INDEX mails_of_user ON mails (user_id, created_at DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE mails, sessions, address_throttle, one_time_tokens, password_credentials, users, user_keys, user_events, keys`);
    await runner.query('DROP FUNCTION refuse_change_of_record()');
  }
}
