import pg from 'pg';

const OLDEST_POSTGRES = 15;
const ANSWER_WITHIN_MS = 5000;

/**
 * Why Roster cannot run on a database server; undefined if it can.
 * @param version the answer to `SELECT version()`
 */
export function objectionToServer(version: string): string | undefined {
  const major = /^PostgreSQL (\d+)/.exec(version)?.[1];
  const name = /-YB-/.test(version)
    ? 'YugabyteDB'
    : /Redshift/.test(version)
      ? 'Amazon Redshift'
      : foreignName(version);
  if (major === undefined || name !== undefined) {
    return (
      `The database is ${name ?? 'no PostgreSQL'}, which only speaks its protocol (${version.slice(0, 80)}): ` +
      'its advisory locks, NOTIFY or triggers differ, so servers could not agree who leads. Let DATABASE_URL name a PostgreSQL ' +
      `${OLDEST_POSTGRES} or newer.`
    );
  }
  if (Number(major) >= OLDEST_POSTGRES) return undefined;
  return `PostgreSQL is too old (${version.split(' on ', 1)[0]}); Roster needs ${OLDEST_POSTGRES} or newer.`;
}

function foreignName(version: string): string | undefined {
  return /^(?!PostgreSQL )[A-Za-z]+/.exec(version)?.[0];
}

/**
 * The same for the server at a URL that refuses what Roster says first, such as settings that it does not know; undefined as well if
 * nobody answers.
 */
export async function objectionToServerAt(url: string): Promise<string | undefined> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>('SELECT version() AS version');
    return rows[0] && objectionToServer(rows[0].version);
  } catch {
    return undefined;
  } finally {
    void client.end().catch(() => undefined);
  }
}
