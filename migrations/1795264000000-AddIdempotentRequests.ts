import type { MigrationInterface, QueryRunner } from 'typeorm';

/** First answers of requests with an `Idempotency-Key`, kept for a day. */
export class AddIdempotentRequests1795264000000 implements MigrationInterface {
  name = 'AddIdempotentRequests1795264000000';

  async up(runner: QueryRunner): Promise<void> {
    // The answer is personal data: it goes with the user that it is about. `json` keeps its bytes, unlike `jsonb`.
    await runner.query(`
      CREATE TABLE idempotent_requests (
        caller_id uuid NOT NULL,
        key text NOT NULL,
        key_id text NOT NULL REFERENCES keys (id),
        body_hash bytea NOT NULL,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        answer json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (caller_id, key)
      )`);
    await runner.query('CREATE INDEX idempotent_requests_of_user ON idempotent_requests (user_id)');
    await runner.query('CREATE INDEX idempotent_requests_age ON idempotent_requests (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotent_requests');
  }
}
