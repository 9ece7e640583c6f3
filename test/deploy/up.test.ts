import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ComposeUp } from '../support/compose-up.js';
import { parseDockerfile } from '../support/deploy-tool.js';
import { Nginx } from '../support/nginx.js';

jest.setTimeout(180_000);

let up: ComposeUp | undefined;
let nginx: Nginx | undefined;
afterEach(async () => {
  await nginx?.stop();
  await up?.stop();
  nginx = up = undefined;
});

describe('docker compose up', () => {
  it('on a new volume: roles without further rights, one migration, and two servers at once behind nginx', async () => {
    up = await ComposeUp.start();
    await up.makeRoles();
    for (const [file, rolname] of [
      ['database-url', 'roster'],
      ['migration-database-url', 'roster_owner'],
    ] as const) {
      const rights = { rolname, rolsuper: false, rolcreatedb: false, rolcreaterole: false };
      const sql = 'SELECT rolname, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user';
      expect(await up.query(file, sql)).toEqual([rights]);
    }
    expect(up.commandOf('migrate')).toEqual(['node', 'dist/cli.js', 'migrate']);
    expect(await up.migrate()).toMatchObject({ code: 0, stderr: '' });
    const servers = await up.startServers();
    nginx = await Nginx.start(...servers.map(({ port }) => `127.0.0.1:${port}`));
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ identifier: 'admin@localhost', password: up.secret('admin-password') });
    for (const _ of servers) expect((await nginx.send('/auth/login', { headers, body })).status).toBe(200);
    for (const { url } of servers) {
      const authorization = `Bearer ${up.secret('metrics-token')}`;
      expect((await fetch(`${url}/metrics`, { headers: { authorization } })).status).toBe(200);
    }
    // Two first starts made one admin.
    const admins = "SELECT count(*)::int FROM users WHERE role = 'ADMIN'";
    expect(await up.query('database-url', admins)).toEqual([{ count: 1 }]);
    const rewriting = up.query('database-url', 'UPDATE user_events SET type = type');
    await expect(rewriting).rejects.toMatchObject({ code: '42501' });
    // As with each further `up`, and after going back from a later release, whose migrations this one does not know.
    await up.query(
      'migration-database-url',
      "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later')",
    );
    expect(await up.migrate()).toMatchObject({ code: 0, stderr: '', stdout: 'The schema is up to date.\n' });
    const again = await up.launchServer();
    await again.running();
    expect((await fetch(`${again.url}/health/ready`)).status).toBe(200);
  });

  it('makes no role without a password', async () => {
    up = await ComposeUp.start();
    up.write('postgres-server-password', '');
    await expect(up.makeRoles()).rejects.toThrow(/POSTGRES_SERVER_PASSWORD/);
    await expect(up.makeRoles({ POSTGRES_OWNER_PASSWORD_FILE: '/nowhere' })).rejects.toThrow(/nowhere/);
    expect(await up.postgres.database.query("SELECT FROM pg_roles WHERE rolname LIKE 'roster%'")).toEqual([]);
  });

  it('starts no server before the schema is there: it would say what is missing', async () => {
    up = await ComposeUp.start();
    await up.makeRoles();
    const server = await up.launchServer();
    expect(await server.exit()).toBe(1);
    expect(server.stderr).toMatch(/role roster [^]*MIGRATION_DATABASE_URL/);
    expect(server.stderr).not.toContain('    at ');
  });

  it('on a volume of 0.2.0, whose one role is a superuser, as the head of the file says', async () => {
    up = await ComposeUp.start('roster');
    const fixture = (file: string) => readFileSync(join('test/fixtures/upgrades/0.2.0', file), 'utf8');
    const { secretKey, password } = JSON.parse(fixture('fixture.json')) as { secretKey: string; password: string };
    await up.postgres.database.query(fixture('dump.sql'));
    await up.postgres.database.query("ALTER ROLE roster PASSWORD 'abc'");
    expect(readFileSync('docker-compose.yml', 'utf8')).toContain(
      'write postgres://roster:<its password>@postgres:5432/roster into both',
    );
    for (const url of ['database-url', 'migration-database-url']) {
      up.write(url, 'postgres://roster:abc@postgres:5432/roster');
    }
    up.write('secret-key', secretKey);
    // Production refuses the key of the fixture, which says what it is.
    const settings = { NODE_ENV: 'test' };
    expect(await up.migrate(settings)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('Applied: '),
    });
    for (const server of await up.startServers(settings)) await server.signIn('admin@example.com', password);
  });
});

describe('the image', () => {
  it('starts what docker-compose.yml leaves to it', async () => {
    up = await ComposeUp.start();
    const last = (await parseDockerfile()).at(-1)!;
    expect(last.steps.findLast(({ kind }) => kind === 'cmd')?.command).toEqual(['node', 'dist/main.js']);
    expect(up.commandOf('roster')).toBeNull();
  });
});
