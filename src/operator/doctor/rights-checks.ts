import { APPEND_ONLY_TABLES, JOBS_SCHEMA, rightsNeededOn } from '../../database/grants.js';
import { readerOf } from './database-checks.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const MOST_NAMED = 5;

export const RIGHTS_CHECKS: readonly Check[] = [
  { about: 'rights', asks: () => 'the rights of the role', withinMs: 10_000, needsDatabase: true, run: rights },
];

interface Role {
  readonly role: string;
  readonly schema: string | null;
  readonly isSuperuser: boolean;
  readonly owns: boolean;
}

interface Held {
  readonly name: string;
  readonly is_sequence: boolean;
  readonly rights: readonly string[];
}

async function rights(ground: Ground): Promise<readonly Finding[]> {
  if (ground.hasSchema !== true) return [];
  const about = findingsAbout('rights');
  const reader = readerOf(ground);
  const [role] = await reader.query<[Role]>(ROLE, ['user_events']);
  if (role.schema === null) {
    return [about.failed(`the role ${role.role} may not use the schema`, { advice: adviceFor(role.role) })];
  }
  const held = await reader.query<Held[]>(HELD, [JOBS_SCHEMA]);
  const lacking = held.flatMap((one) => {
    const missing = rightsNeededOn(one).filter((right) => !one.rights.includes(right));
    return missing.length > 0 ? [`${missing.join(', ')} on ${one.name}`] : [];
  });
  if (lacking.length > 0) {
    const more = lacking.length > MOST_NAMED ? `, and on ${lacking.length - MOST_NAMED} more` : '';
    return [
      about.failed(`the role ${role.role} lacks ${lacking.slice(0, MOST_NAMED).join('; ')}${more}`, {
        advice: adviceFor(role.role),
      }),
    ];
  }
  return [logFinding(role, held, ground.settings.NODE_ENV === 'production')];
}

/** Whether somebody who gets hold of the server could rewrite what happened. */
function logFinding({ role, isSuperuser, owns }: Role, held: readonly Held[], isProduction: boolean): Finding {
  const about = findingsAbout('rights');
  const changes = held.filter(
    ({ name, rights }) =>
      APPEND_ONLY_TABLES.includes(name) && ['UPDATE', 'DELETE', 'TRUNCATE'].some((right) => rights.includes(right)),
  );
  const why = isSuperuser ? 'is a superuser' : owns ? 'owns the schema' : 'may change the log';
  if (!isSuperuser && !owns && changes.length === 0)
    return about.ok(`the role ${role} has what it needs, and may not change the log`);
  if (!isProduction) return about.ok(`the role ${role} ${why}, which production should not have`);
  return about.warning(`the role ${role} ${why}: with it, the record of changes could be rewritten`, {
    expected: 'a role that owns nothing, beside the owner',
    advice:
      'create one, name it in DATABASE_URL and the owner in MIGRATION_DATABASE_URL; the next start grants its rights (docs/deployment.md)',
  });
}

function adviceFor(role: string): string {
  return `as the owner: MIGRATION_DATABASE_URL=<owner's> DATABASE_URL=<${role}'s> npm run roster -- migrate, which grants them`;
}

const ROLE = `
  SELECT current_user AS role, current_schema() AS schema, rolsuper AS "isSuperuser",
    EXISTS (SELECT FROM pg_class WHERE relname = $1 AND relkind IN ('r', 'p') AND pg_has_role(relowner, 'USAGE')) AS owns
  FROM pg_roles WHERE rolname = current_user`;

// One right at a time: asked for several, has_table_privilege is true for any of them.
const HELD = `
  SELECT relname AS name, relkind = 'S' AS is_sequence, CASE WHEN relkind = 'S'
    THEN ARRAY (SELECT one FROM unnest(ARRAY['USAGE', 'SELECT']) AS one WHERE has_sequence_privilege(pg_class.oid, one))
    ELSE ARRAY (SELECT one FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS one
      WHERE has_table_privilege(pg_class.oid, one)) END AS rights
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'S') AND nspname IN (current_schema(), $1)
    AND pg_get_userbyid(relowner) = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'user_events'::regclass)
  ORDER BY relname`;
