import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { runCommand } from '../support/cli.js';
import { type Home, makeHome, RosterProcess } from '../support/process.js';
import { SystemPostgres } from '../support/system-postgres.js';

jest.setTimeout(120_000);

const SCRIPT = join(PACKAGE_ROOT, 'docker/postgres-roles.sh');
const PASSWORDS = { POSTGRES_OWNER_PASSWORD: 'a'.repeat(48), POSTGRES_SERVER_PASSWORD: 'b'.repeat(48) };
const ADMIN_PASSWORD = 'correct horse battery staple';

let home: Home;
let postgres: SystemPostgres;
beforeAll(async () => {
  home = makeHome();
  postgres = await SystemPostgres.start('postgres');
  const [setting] = await postgres.database.query<{ file: string }>("SELECT current_setting('hba_file') AS file");
  // As in the image: whoever comes from elsewhere needs a password. This test is the superuser.
  writeFileSync(setting!.file, 'host all postgres 127.0.0.1/32 trust\nhost all all all scram-sha-256\n');
  await postgres.database.query('SELECT pg_reload_conf()');
});
afterAll(async () => {
  await RosterProcess.killAll();
  await postgres.database.drop();
  await postgres.stop();
  home.remove();
});

/** As the image's entrypoint runs it, which is beside the server. */
function runScript(environment: Record<string, string> = PASSWORDS): Promise<unknown> {
  const { hostname, port } = new URL(postgres.database.url);
  const env = {
    PATH: [postgres.bin, process.env['PATH']].join(delimiter),
    POSTGRES_USER: 'postgres',
    PGHOST: hostname,
    PGPORT: port,
    ...environment,
  };
  return promisify(execFile)('sh', [SCRIPT], { env });
}

function urlOf(username: string, password: string): string {
  return Object.assign(new URL(postgres.database.url), { username, password, pathname: '/roster' }).href;
}

async function rolesOf(username: string, password: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: urlOf(username, password) });
  await client.connect();
  return client
    .query<object>('SELECT rolname, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user')
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

describe('docker/postgres-roles.sh', () => {
  it('stops before it makes a role without a password', async () => {
    await expect(runScript({ POSTGRES_OWNER_PASSWORD: 'x' })).rejects.toMatchObject({
      stderr: expect.stringContaining('POSTGRES_SERVER_PASSWORD'),
    });
    expect(await postgres.database.query("SELECT 1 FROM pg_roles WHERE rolname LIKE 'roster%'")).toEqual([]);
  });

  it('makes two roles without further rights, each of which comes in by its own password alone', async () => {
    await runScript();
    const { POSTGRES_OWNER_PASSWORD: owners, POSTGRES_SERVER_PASSWORD: servers } = PASSWORDS;
    for (const [role, own, other] of [
      ['roster_owner', owners, servers],
      ['roster', servers, owners],
    ] as const) {
      const rights = { rolname: role, rolsuper: false, rolcreatedb: false, rolcreaterole: false };
      expect(await rolesOf(role, own)).toEqual([rights]);
      await expect(rolesOf(role, other)).rejects.toMatchObject({ code: '28P01' });
    }
  });

  it('leaves a database on which Roster is set up as docker-compose.yml sets it up, and serves', async () => {
    const environment = {
      DATABASE_URL: urlOf('roster', PASSWORDS.POSTGRES_SERVER_PASSWORD),
      MIGRATION_DATABASE_URL: urlOf('roster_owner', PASSWORDS.POSTGRES_OWNER_PASSWORD),
      SMTP_URL: 'smtp://127.0.0.1:1',
      SECRET_KEY: 'k3yZ'.repeat(12),
      ADMIN_PASSWORD,
    };
    expect(await runCommand(['migrate'], environment)).toMatchObject({ code: 0, stderr: '' });
    const server = await RosterProcess.start(home, environment);
    await server.signIn('admin@localhost', ADMIN_PASSWORD);
    await expect(rolesOf('roster', PASSWORDS.POSTGRES_SERVER_PASSWORD)).resolves.toHaveLength(1);
  });

  it('gets each password from docker-compose.yml, which gives none of PostgreSQL’s to Roster but in its URLs', () => {
    const compose = readFileSync(join(PACKAGE_ROOT, 'docker-compose.yml'), 'utf8');
    const service = (name: string) => new RegExp(`^  ${name}:\n((?:    .*\n|\n)+)`, 'm').exec(compose)?.[1] ?? '';
    for (const name of Object.keys(PASSWORDS)) expect(service('postgres')).toContain(`      ${name}: '\${${name}`);
    expect(service('roster')).toContain('postgres://roster:${POSTGRES_SERVER_PASSWORD');
    expect(service('roster')).toContain('postgres://roster_owner:${POSTGRES_OWNER_PASSWORD');
    expect(service('roster')).toContain("      POSTGRES_PASSWORD: ''\n");
    expect(service('postgres')).toContain('./docker/postgres-roles.sh:/docker-entrypoint-initdb.d/');
  });
});
