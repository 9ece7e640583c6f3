import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Endpoints that events are posted to, what each of them is still to get, and every try. */
export class AddWebhooks1795284000000 implements MigrationInterface {
  name = 'AddWebhooks1795284000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_endpoints (
        id uuid PRIMARY KEY,
        url text NOT NULL,
        types text[] NOT NULL,
        description text,
        disabled_at timestamptz(3),
        disabled_reason text CHECK (disabled_reason IN ('admin', 'failing', 'gone')),
        key_id text NOT NULL,
        secret bytea NOT NULL,
        previous_secret bytea,
        previous_secret_until timestamptz(3),
        failures integer NOT NULL DEFAULT 0,
        failing_since timestamptz(3),
        paused_until timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`);

    // The event is found by its position when it is sent. It refers to no event and no user: ids are all that is kept here.
    await runner.query(`
      CREATE TABLE webhook_deliveries (
        id uuid PRIMARY KEY,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
        event_id uuid NOT NULL,
        user_id uuid NOT NULL,
        type text NOT NULL,
        position bigint NOT NULL,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
        tries integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) DEFAULT now(),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        finished_at timestamptz(3),
        CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, event_id)
      )`);
    await runner.query(`
      CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at, position)
      WHERE state = 'pending'`);
    await runner.query(`
      CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (endpoint_id, user_id, position)
      WHERE state = 'pending'`);
    await runner.query('CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (endpoint_id, created_at, id)');
    await runner.query('CREATE INDEX webhook_deliveries_oldest ON webhook_deliveries (created_at)');
    await runner.query('CREATE INDEX webhook_deliveries_of_user ON webhook_deliveries (user_id)');

    await runner.query(`
      CREATE TABLE webhook_attempts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        delivery_id uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
        at timestamptz(3) NOT NULL DEFAULT now(),
        duration_ms integer NOT NULL,
        status integer,
        error text,
        answer text
      )`);
    await runner.query('CREATE INDEX webhook_attempts_of_delivery ON webhook_attempts (delivery_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM mails WHERE template = 'webhook-disabled'`);
    await runner.query('DROP TABLE webhook_attempts, webhook_deliveries, webhook_endpoints');
  }
}
