import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Sessions that a browser proves by a cookie, beside those of clients with tokens, and how each was authenticated: the methods
 * (`amr`, RFC 8176) and when. The release before goes on making sessions with tokens, whose methods are not known.
 */
export class AddBrowserSessions1795330000000 implements MigrationInterface {
  name = 'AddBrowserSessions1795330000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without a scan or a rewrite: servers of the release before need the table meanwhile.
    await runner.query(`
      ALTER TABLE sessions
        ADD COLUMN kind text NOT NULL DEFAULT 'API',
        ADD CONSTRAINT sessions_kind CHECK (kind IN ('API', 'BROWSER')) NOT VALID,
        ADD COLUMN amr text[] NOT NULL DEFAULT '{}',
        ADD COLUMN authenticated_at timestamptz`);
    // Of sessions from before: when they were created.
    await runner.query('ALTER TABLE sessions ALTER COLUMN authenticated_at SET DEFAULT now()');
  }

  async down(runner: QueryRunner): Promise<void> {
    // The release before would take them for sessions with tokens, which nobody has.
    await runner.query("DELETE FROM sessions WHERE kind = 'BROWSER'");
    await runner.query('ALTER TABLE sessions DROP COLUMN kind, DROP COLUMN amr, DROP COLUMN authenticated_at');
  }
}
