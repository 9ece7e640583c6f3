import pg from 'pg';
import { isOwnMachine } from '../../config/production.js';
import { opensKeys } from '../../database/keyring.js';
import { pendingMigrations, unavailableMessage, unknownMigrations } from '../../database/migrate.js';
import { sessionAddress } from '../../database/addresses.js';
import { objectionToServer } from '../../database/supported-server.js';
import { postgresCode } from '../../database/transaction.js';
import { withoutPassword } from '../../server/services.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const CONNECT_WITHIN_MS = 6000;
/** Sign-ins and links still work; others who verify tokens allow 30 seconds (docs/tokens.md). */
const WARN_SKEW_SECONDS = 3;
const FAIL_SKEW_SECONDS = 30;
/** What one server process opens at most; see docs/scaling.md. */
const CONNECTIONS_A_PROCESS = 30;
const UNDEFINED_TABLE = '42P01';

/** The connection comes first: without it, the others are left out. */
export const DATABASE_CHECKS: readonly Check[] = [
  { about: 'database', asks: place, withinMs: 20_000, run: connect },
  { about: 'database', asks: () => 'the other addresses of the database', withinMs: 30_000, run: otherAddresses },
  { about: 'migrations', asks: () => 'the migrations', withinMs: 10_000, needsDatabase: true, run: migrations },
  { about: 'keys', asks: () => 'the keys', withinMs: 10_000, needsDatabase: true, run: keys },
  { about: 'clock', asks: () => 'the clock of the database', withinMs: 10_000, needsDatabase: true, run: clock },
  { about: 'connections', asks: () => 'connections', withinMs: 10_000, needsDatabase: true, run: connections },
];

function place({ settings }: Ground): string {
  const url = sessionAddress(settings);
  return url === '' ? 'the database' : `the database at ${withoutPassword(url)}`;
}

async function connect(ground: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('database');
  const url = sessionAddress(ground.settings);
  if (url === '') {
    return [about.unknown('DATABASE_URL is not set, and no embedded PostgreSQL runs here: npm start brings one')];
  }
  const opened = await open(url);
  if ('problem' in opened) return [about.failed(opened.problem.split('\n')[0] ?? '', { advice: adviceOf(opened) })];
  const { client, facts } = opened;
  ground.client = client;
  ground.ends.push(() => client.end());
  return factsFindings(facts, url);
}

interface Facts {
  readonly version: string;
  readonly role: string;
  readonly standby: boolean;
  readonly readOnly: boolean;
  readonly encrypted: boolean;
}

type Opened = { readonly client: pg.Client; readonly facts: Facts } | { readonly problem: string };

async function open(url: string): Promise<Opened> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'roster doctor',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: CONNECT_WITHIN_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Facts>(FACTS);
    return { client, facts: rows[0] as Facts };
  } catch (error) {
    void client.end().catch(() => undefined);
    return { problem: unavailableMessage(url, error) };
  }
}

function adviceOf({ problem }: { readonly problem: string }): string {
  if (/password authentication failed|SASL|no password/i.test(problem)) {
    return 'correct user and password in DATABASE_URL (percent-encoded), or as a superuser: ALTER ROLE ... PASSWORD ...';
  }
  if (/does not exist/i.test(problem))
    return 'correct the name in DATABASE_URL, or create the role or database (docs/deployment.md)';
  if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|timeout|EAI_AGAIN/i.test(problem)) {
    return 'start PostgreSQL, or correct host and port in DATABASE_URL; look at firewalls and listen_addresses';
  }
  return problem.split('\n').slice(1).join(' ') || 'look at the log of PostgreSQL';
}

function factsFindings({ version, role, standby, readOnly, encrypted }: Facts, url: string): Finding[] {
  const about = findingsAbout('database');
  const objection = objectionToServer(version);
  if (objection !== undefined) return [about.failed(objection)];
  const shown = `${version.split(' on ', 1)[0]} at ${withoutPassword(url)}, as role ${role}`;
  const found: Finding[] = [];
  if (standby) {
    found.push(
      about.failed(`${shown}: this is a standby, which accepts no writes`, {
        expected: 'the primary',
        advice:
          'let DATABASE_URL lead to the primary: by its address, HAProxy, PgBouncer or target_session_attrs (docs/scaling.md)',
      }),
    );
  } else if (readOnly) {
    found.push(
      about.failed(`${shown}: it is read-only (default_transaction_read_only is on)`, {
        expected: 'a database that accepts writes',
        advice: 'find out who set it, and why: ALTER DATABASE or ALTER ROLE ... RESET default_transaction_read_only',
      }),
    );
  } else found.push(about.ok(shown));
  if (!encrypted && !isOwnMachine(url) && new URL(url).hostname !== '') {
    found.push(
      about.warning('the connection is not encrypted', {
        advice: 'unless only trusted machines are between, add ?sslmode=verify-full to DATABASE_URL',
      }),
    );
  }
  return found;
}

const FACTS = `
  SELECT version() AS version, current_user AS role, pg_is_in_recovery() AS standby,
    current_setting('default_transaction_read_only') = 'on' AS "readOnly",
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted`;

/** Each has to lead somewhere, the replica to a standby. */
async function otherAddresses({ settings }: Ground): Promise<readonly Finding[]> {
  const main = sessionAddress(settings);
  const names = ['DATABASE_URL', 'MIGRATION_DATABASE_URL', 'READ_DATABASE_URL'] as const;
  const found: Finding[] = [];
  for (const name of names) {
    const url = settings[name];
    if (url === undefined || url === main) continue;
    const about = findingsAbout('database');
    const opened = await open(url);
    if ('problem' in opened) {
      found.push(about.failed(`${name}: ${opened.problem.split('\n')[0]}`, { advice: `correct ${name}` }));
      continue;
    }
    await opened.client.end().catch(() => undefined);
    found.push(about.ok(`${name} leads to ${withoutPassword(url)}, as role ${opened.facts.role}`));
  }
  return found;
}

async function migrations(ground: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('migrations');
  const reader = readerOf(ground);
  const advice = 'npm run roster -- migrate, or start a server of this release: it does the same';
  try {
    const pending = await pendingMigrations(reader);
    const newer = await unknownMigrations(reader);
    ground.hasSchema = pending.length === 0;
    if (pending.length > 0)
      return [about.failed(`${pending.length} are missing, the first is ${pending[0]}`, { advice })];
    if (newer.length > 0) {
      return [
        about.warning(
          `a newer release has migrated this database: ${newer.length} of its migrations are unknown here`,
          {
            advice: 'update this one; older releases run beside it for the time of an upgrade only',
          },
        ),
      ];
    }
    return [about.ok('all are applied')];
  } catch (error) {
    if (postgresCode(error) !== UNDEFINED_TABLE) throw error;
    return [about.warning('there is no schema yet', { advice: `the first start makes it, or: ${advice}` })];
  }
}

async function keys(ground: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('keys');
  const { SECRET_KEY } = ground.settings;
  if (ground.hasSchema !== true) return [];
  if (SECRET_KEY === undefined) return [about.unknown('there is no SECRET_KEY to try')];
  return [
    !(await opensKeys(sessionAddress(ground.settings), SECRET_KEY))
      ? about.failed('SECRET_KEY does not open the keys in this database', {
          expected: 'the SECRET_KEY that it was first started with, or that of the last rotate-secret',
          advice: 'find that key, in your secret store or a backup: without it nobody can sign in (docs/recovery.md)',
        })
      : about.ok('SECRET_KEY opens them'),
  ];
}

async function clock(ground: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('clock');
  const asked = Date.now();
  const { rows } = await clientOf(ground).query<{ ms: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  );
  const skew = ((asked + Date.now()) / 2 - (rows[0]?.ms ?? 0)) / 1000;
  const seconds = Math.abs(skew);
  const seen = `this machine is ${seconds.toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} the database`;
  if (seconds < WARN_SKEW_SECONDS) return [about.ok(seen)];
  const rest = {
    expected: `less than ${WARN_SKEW_SECONDS} s`,
    advice: 'run a time service on both machines: timedatectl set-ntp true, or chrony',
  };
  return [(seconds < FAIL_SKEW_SECONDS ? about.warning : about.failed)(seen, rest)];
}

async function connections(ground: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('connections');
  const { rows } = await clientOf(ground).query<{ most: number; used: number; ours: number; role: number }>(
    CONNECTIONS,
  );
  const { most = 0, used = 0, ours = 0, role = -1 } = rows[0] ?? {};
  const free = (role < 0 ? most : Math.min(most, role)) - used;
  const seen = `${used} of ${most} are in use, ${ours} by Roster${role < 0 ? '' : `; the role may have ${role}`}`;
  if (free >= CONNECTIONS_A_PROCESS) return [about.ok(seen)];
  return [
    about.warning(`${seen}: ${Math.max(0, free)} are free`, {
      expected: `${CONNECTIONS_A_PROCESS} for one more server process, as during a restart one after the other`,
      advice:
        'raise max_connections, end what does not need its connections, or put PgBouncer between (docs/deployment.md)',
    }),
  ];
}

const CONNECTIONS = `
  SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
    count(*)::int AS used, (count(*) FILTER (WHERE application_name LIKE 'roster%' AND pid <> pg_backend_pid()))::int AS ours,
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role
  FROM pg_stat_activity WHERE backend_type = 'client backend'`;

function clientOf({ client }: Ground): pg.Client {
  if (!client) throw new Error('there is no connection to the database');
  return client;
}

/** As a data source would answer. */
export function readerOf(ground: Ground) {
  return {
    query: async <Rows>(sql: string, values?: unknown[]): Promise<Rows> =>
      (await clientOf(ground).query(sql, values)).rows as Rows,
  };
}
