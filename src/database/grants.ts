import type { DataSource } from 'typeorm';

/** Tables of which a row, once written, is never changed nor deleted. Each has a trigger that refuses it, too. */
export const APPEND_ONLY_TABLES: readonly string[] = ['user_events', 'event_positions'];

/** Tables that tell which migrations ran: for the role that migrates alone. */
const READ_ONLY_TABLES: readonly string[] = ['migrations'];

const JOBS_SCHEMA = 'graphile_worker';

/**
 * Gives the role that the server works as what it needs on all that is there, and no more: it may append to the log, but
 * neither change it nor, as it owns nothing, switch its trigger off. A running server notices nothing.
 * @param dataSource of the role that owns the schema; nothing is done when it is the same role
 */
export async function grantTo(role: string, dataSource: DataSource): Promise<void> {
  await dataSource.transaction(async (tx) => {
    const [place] = await tx.query<[{ owner: string; schema: string; grantee: string }]>(
      'SELECT current_user AS owner, quote_ident(current_schema()) AS schema, quote_ident($1) AS grantee',
      [role],
    );
    const { owner, schema, grantee } = place;
    if (owner === role) return;
    for (const name of [schema, JOBS_SCHEMA]) {
      await tx.query(`GRANT USAGE ON SCHEMA ${name} TO ${grantee}`);
      await tx.query(`REVOKE ALL ON ALL TABLES IN SCHEMA ${name} FROM ${grantee}`);
      await tx.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${name} TO ${grantee}`);
      await tx.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${name} TO ${grantee}`);
    }
    const tables = await tx.query<{ schema: string; name: string; secured: boolean }[]>(
      `SELECT nspname AS schema, relname AS name, relrowsecurity AS secured
       FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE relkind IN ('r', 'p') AND nspname IN (current_schema(), $1)`,
      [JOBS_SCHEMA],
    );
    for (const table of tables) {
      const name = `"${table.schema}"."${table.name}"`;
      if (READ_ONLY_TABLES.includes(table.name))
        await tx.query(`REVOKE INSERT, UPDATE, DELETE ON ${name} FROM ${grantee}`);
      if (APPEND_ONLY_TABLES.includes(table.name)) await tx.query(`REVOKE UPDATE, DELETE ON ${name} FROM ${grantee}`);
      // graphile-worker secures its tables for their owner alone.
      if (table.secured) {
        await tx.query(`DROP POLICY IF EXISTS roster_server ON ${name}`);
        await tx.query(`CREATE POLICY roster_server ON ${name} TO ${grantee} USING (true) WITH CHECK (true)`);
      }
    }
  });
}
