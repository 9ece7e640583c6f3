import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Devices on which a user's second factor was proved, and is not asked for again for some time. */
export class RememberDevices1795342100000 implements MigrationInterface {
  name = 'RememberDevices1795342100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE remembered_devices (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        key_id text NOT NULL,
        nonce bytea NOT NULL,
        ip inet,
        user_agent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX remembered_devices_of_user ON remembered_devices (user_id)');
    await runner.query('CREATE INDEX remembered_devices_by_expiry ON remembered_devices (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE remembered_devices');
  }
}
