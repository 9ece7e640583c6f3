import type { DataSource } from 'typeorm';

/** Tables of which a row, once written, is never changed nor deleted. Each has a trigger that refuses it, too. */
export const APPEND_ONLY_TABLES: readonly string[] = ['user_events', 'event_positions'];

/** Tables that tell which migrations ran: for the role that migrates alone. */
const READ_ONLY_TABLES: readonly string[] = ['migrations'];

const JOBS_SCHEMA = 'graphile_worker';

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly is_sequence: boolean;
  readonly secured: boolean;
}

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
    await tx.query(`GRANT USAGE ON SCHEMA ${schema}, ${JOBS_SCHEMA} TO ${grantee}`);
    // What others own beside Roster is not Roster's to give.
    const relations = await tx.query<Relation[]>(
      `SELECT nspname AS schema, relname AS name, relkind = 'S' AS is_sequence, relrowsecurity AS secured
       FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE relkind IN ('r', 'p', 'v', 'S') AND nspname IN (current_schema(), $1)
         AND pg_get_userbyid(relowner) = current_user`,
      [JOBS_SCHEMA],
    );
    for (const relation of relations) {
      const name = `"${relation.schema}"."${relation.name}"`;
      await tx.query(`REVOKE ALL ON ${name} FROM ${grantee}`);
      await tx.query(`GRANT ${rightsOn(relation)} ON ${name} TO ${grantee}`);
      // graphile-worker secures its tables for their owner alone.
      if (relation.secured) {
        await tx.query(`DROP POLICY IF EXISTS roster_server ON ${name}`);
        await tx.query(`CREATE POLICY roster_server ON ${name} TO ${grantee} USING (true) WITH CHECK (true)`);
      }
    }
  });
}

function rightsOn({ name, is_sequence }: Relation): string {
  if (is_sequence) return 'USAGE, SELECT';
  if (READ_ONLY_TABLES.includes(name)) return 'SELECT';
  return APPEND_ONLY_TABLES.includes(name) ? 'SELECT, INSERT' : 'SELECT, INSERT, UPDATE, DELETE';
}
