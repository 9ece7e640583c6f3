import type { DataSource, EntityManager } from 'typeorm';

/** Append-only tables; each also has a trigger that refuses updates and deletions. */
export const APPEND_ONLY_TABLES: readonly string[] = ['user_events', 'event_positions', 'client_events'];

/** Tables that record migrations: accessible only to the migrating role. */
const READ_ONLY_TABLES: readonly string[] = ['migrations'];

export const JOBS_SCHEMA = 'graphile_worker';

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly is_sequence: boolean;
  readonly secured: boolean;
}

/**
 * Grants a role access to the database, before it is revoked from PUBLIC.
 * @param dataSource of the schema owner; nothing is done for the same role
 * @returns whether the role exists and we may grant it
 */
export async function admit(role: string, dataSource: DataSource): Promise<boolean> {
  const [place] = await dataSource.query<[{ ours: boolean; name: string; grantee: string }]>(
    `SELECT current_user <> $1 AND pg_has_role(datdba, 'USAGE') AND EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS ours,
       quote_ident(datname) AS name, quote_ident($1) AS grantee
     FROM pg_database WHERE datname = current_database()`,
    [role],
  );
  const { ours, name, grantee } = place;
  // `replay` works in temporary tables.
  if (ours) await dataSource.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${name} TO ${grantee}`);
  return ours;
}

/**
 * Grants the server's role exactly the rights that it needs: it may append to the log, but neither change it nor, since it owns
 * nothing, disable its trigger. Running servers are not affected.
 * @param dataSource of the schema owner; nothing is done for the same role
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
    // Roster cannot grant rights on objects that others own.
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
      // graphile-worker restricts its tables to their owner.
      if (relation.secured) await openTo(grantee, relation, tx);
    }
    const routines = await tx.query<Routine[]>(OUR_ROUTINES, [JOBS_SCHEMA]);
    for (const { signature } of routines) await tx.query(`GRANT EXECUTE ON FUNCTION ${signature} TO ${grantee}`);
  });
}

/** Servers with another role keep their rights, and nobody waits if nothing changes. */
async function openTo(grantee: string, { schema, name }: Relation, tx: EntityManager): Promise<void> {
  const [found] = await tx.query<{ roles: string; included: boolean }[]>(
    `SELECT array_to_string(polroles::regrole[], ', ') AS roles, $3::regrole = ANY (polroles) AS included
     FROM pg_policy WHERE polname = 'roster_server' AND polrelid = format('%I.%I', $1::text, $2::text)::regclass`,
    [schema, name, grantee],
  );
  if (found?.included) return;
  const table = `"${schema}"."${name}"`;
  await tx.query(
    found
      ? `ALTER POLICY roster_server ON ${table} TO ${found.roles}, ${grantee}`
      : `CREATE POLICY roster_server ON ${table} TO ${grantee} USING (true) WITH CHECK (true)`,
  );
}

/**
 * Revokes from PUBLIC the default right to execute functions, including those of graphile-worker. Roles that may write to our
 * tables keep it: a server may run with a role that is unknown to this process.
 */
export async function closeRoutines(dataSource: DataSource): Promise<void> {
  await dataSource.transaction(async (tx) => {
    const open = (await tx.query<Routine[]>(OUR_ROUTINES, [JOBS_SCHEMA])).filter(({ is_open }) => is_open);
    if (open.length === 0) return;
    const writers = await tx.query<{ schema: string; role: string }[]>(WRITERS, [JOBS_SCHEMA]);
    for (const { schema, signature } of open) {
      for (const { role } of writers.filter((writer) => writer.schema === schema)) {
        await tx.query(`GRANT EXECUTE ON FUNCTION ${signature} TO ${role}`);
      }
      await tx.query(`REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC`);
    }
  });
}

/** Objects that stay open to every role of this PostgreSQL because others own them: a sentence for each, saying what to do. */
export async function openToAll(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ what: string; rights: string; owner: string }[]>(
    `SELECT 'DATABASE ' || quote_ident(datname) AS what, string_agg(privilege_type, ', ') AS rights, datdba::regrole AS owner
     FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
     WHERE datname = current_database() AND grantee = 0 AND NOT pg_has_role(datdba, 'USAGE') GROUP BY datname, datdba
     UNION ALL
     SELECT 'SCHEMA ' || quote_ident(nspname), string_agg(privilege_type, ', '), nspowner::regrole
     FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
     WHERE nspname = current_schema() AND grantee = 0 AND NOT pg_has_role(nspowner, 'USAGE') GROUP BY nspname, nspowner`,
  );
  return rows.map(
    ({ what, rights, owner }) =>
      `Every role of this PostgreSQL has ${rights} on ${what}, which is ${owner}'s to change: ` +
      `GRANT ${rights} ON ${what} to the roles that need it, then REVOKE ${rights} ON ${what} FROM PUBLIC`,
  );
}

interface Routine {
  readonly schema: string;
  readonly signature: string;
  readonly is_open: boolean;
}

const OUR_ROUTINES = `
  SELECT nspname AS schema, pg_proc.oid::regprocedure::text AS signature,
    EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0) AS is_open
  FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
  WHERE nspname IN (current_schema(), $1) AND proowner = quote_ident(current_user)::regrole AND prokind = 'f'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')`;

const WRITERS = `
  SELECT DISTINCT nspname AS schema, grantee::regrole::text AS role
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace, aclexplode(relacl)
  WHERE nspname IN (current_schema(), $1) AND relowner = quote_ident(current_user)::regrole
    AND grantee NOT IN (0, relowner) AND privilege_type = 'INSERT'`;

function rightsOn(relation: Relation): string {
  return rightsNeededOn(relation).join(', ');
}

/** What a server needs on a table or sequence of ours. */
export function rightsNeededOn({ name, is_sequence }: Pick<Relation, 'name' | 'is_sequence'>): readonly string[] {
  if (is_sequence) return ['USAGE', 'SELECT'];
  if (READ_ONLY_TABLES.includes(name)) return ['SELECT'];
  return APPEND_ONLY_TABLES.includes(name) ? ['SELECT', 'INSERT'] : ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
}
