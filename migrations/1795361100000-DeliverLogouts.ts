import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Logout tokens that clients are still to get, and what became of the others (OpenID Connect Back-Channel Logout 1.0). Triggers write
 * them down with the end of the session, so that no way to end one, an older release's or an operator's among them, can forget to.
 */
export class DeliverLogouts1795361100000 implements MigrationInterface {
  name = 'DeliverLogouts1795361100000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    // Ids are all that is kept: the token is made when it is sent.
    await runner.query(`
      CREATE TABLE logout_deliveries (
        id uuid PRIMARY KEY,
        client_id uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
        session_id uuid NOT NULL,
        user_id uuid NOT NULL,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
        tries integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) DEFAULT now(),
        last_attempt_at timestamptz(3),
        status integer,
        error text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        finished_at timestamptz(3),
        CONSTRAINT logout_deliveries_once UNIQUE (client_id, session_id)
      )`);
    await runner.query(`
      CREATE INDEX logout_deliveries_due ON logout_deliveries (client_id, next_attempt_at) WHERE state = 'pending'`);
    await runner.query('CREATE INDEX logout_deliveries_newest ON logout_deliveries (client_id, created_at, id)');
    await runner.query('CREATE INDEX logout_deliveries_oldest ON logout_deliveries (created_at)');
    await runner.query('CREATE INDEX logout_deliveries_of_user ON logout_deliveries (user_id)');

    // With the rights of the owner: servers whose role was granted nothing of this yet go on ending sessions.
    await runner.query(`
      CREATE FUNCTION note_logouts() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        INSERT INTO logout_deliveries (id, client_id, session_id, user_id)
        SELECT gen_random_uuid(), clients.id, OLD.id, OLD.user_id FROM clients
        WHERE backchannel_logout_uri IS NOT NULL AND id::text IN (
          SELECT client_id::text FROM openid_artifacts WHERE session_id = OLD.id AND kind = 'Grant')
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query('REVOKE EXECUTE ON FUNCTION note_logouts() FROM PUBLIC');
    await runner.query(`
      CREATE TRIGGER sessions_ended_for_clients AFTER UPDATE OF ended_at ON sessions FOR EACH ROW
      WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION note_logouts()`);
    await runner.query(`
      CREATE TRIGGER sessions_removed_for_clients AFTER DELETE ON sessions FOR EACH ROW
      WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION note_logouts()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION note_logouts() CASCADE');
    await runner.query('DROP TABLE logout_deliveries');
  }
}
