import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Clients hear of a grant that ends before its session does: the person was disconnected, a code was used twice, or the client revoked
 * it. Nothing would tell them at the end of the session any more. A client that got another grant in the same session is told again.
 */
export class HearOfEndedGrants1795370100000 implements MigrationInterface {
  name = 'HearOfEndedGrants1795370100000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(noteLogouts(schema, AGAIN));
    // A client that is being deleted is waited for, and then hears nothing. While another grant lasts, so does the sign-in. What has
    // expired is not told, unless the session has too, and nobody has noted that yet.
    await runner.query(`
      CREATE FUNCTION note_ended_grant() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        INSERT INTO logout_deliveries (id, client_id, session_id, user_id)
        SELECT gen_random_uuid(), clients.id, sessions.id, sessions.user_id
        FROM clients JOIN sessions ON sessions.id = OLD.session_id
        WHERE clients.id::text = OLD.client_id AND backchannel_logout_uri IS NOT NULL AND ended_at IS NULL
          AND (OLD.expires_at IS NULL OR OLD.expires_at > now() OR idle_expires_at <= now() OR absolute_expires_at <= now())
          AND NOT EXISTS (
            SELECT FROM openid_artifacts AS other
            WHERE other.session_id = OLD.session_id AND other.client_id = OLD.client_id AND other.kind = 'Grant')
        FOR KEY SHARE OF clients
        ${AGAIN};
        RETURN NULL;
      END $$`);
    await runner.query('REVOKE EXECUTE ON FUNCTION note_ended_grant() FROM PUBLIC');
    await runner.query(`
      CREATE TRIGGER openid_grants_ended_for_clients AFTER DELETE ON openid_artifacts FOR EACH ROW
      WHEN (OLD.kind = 'Grant' AND OLD.session_id IS NOT NULL) EXECUTE FUNCTION note_ended_grant()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query('DROP FUNCTION note_ended_grant() CASCADE');
    await runner.query(noteLogouts(schema, 'ON CONFLICT DO NOTHING'));
  }
}

/** One that waits says it all; one that was sent, or given up, was about the grant before. */
const AGAIN = `ON CONFLICT (client_id, session_id) DO UPDATE
          SET state = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL, status = NULL, error = NULL, created_at = now()
          WHERE logout_deliveries.state <> 'pending'`;

const noteLogouts = (schema: string, again: string): string => `
      CREATE OR REPLACE FUNCTION note_logouts() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        INSERT INTO logout_deliveries (id, client_id, session_id, user_id)
        SELECT gen_random_uuid(), clients.id, OLD.id, OLD.user_id FROM clients
        WHERE backchannel_logout_uri IS NOT NULL AND id::text IN (
          SELECT client_id::text FROM openid_artifacts WHERE session_id = OLD.id AND kind = 'Grant')
        ${again};
        RETURN NULL;
      END $$`;
