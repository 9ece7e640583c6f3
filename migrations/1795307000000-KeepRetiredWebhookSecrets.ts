import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Secrets of webhooks that were replaced, and are good for a while yet, before the one that the endpoint's own row keeps
 * (`previous_secret`). The release before goes on with that one alone.
 */
export class KeepRetiredWebhookSecrets1795307000000 implements MigrationInterface {
  name = 'KeepRetiredWebhookSecrets1795307000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_retired_secrets (
        id uuid PRIMARY KEY,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
        key_id text NOT NULL,
        secret bytea NOT NULL,
        until timestamptz(3) NOT NULL
      )`);
    await runner.query(
      'CREATE INDEX webhook_retired_secrets_of_endpoint ON webhook_retired_secrets (endpoint_id, until)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_retired_secrets');
  }
}
