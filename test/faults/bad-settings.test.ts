import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startImposter } from '../support/imposter.js';
import { freePort, type Home, isFree, makeHome, RosterProcess } from '../support/process.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const NOWHERE = 'smtp://127.0.0.1:1';

let home: Home;
let database: TestDatabase;

beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
});
afterEach(() => RosterProcess.killAll());
afterAll(async () => {
  await database.drop();
  home.remove();
});

const WRONG: [what: string, environment: Record<string, string>, texts: string[]][] = [
  ['no number for PORT', { PORT: 'http' }, ['PORT: expected a whole number from 0 to 65535']],
  [
    'the URL of another database',
    { DATABASE_URL: 'mysql://x' },
    ['DATABASE_URL: expected a URL that starts with postgres://'],
  ],
  [
    'no URL for the database',
    { DATABASE_URL: 'not a url' },
    ['DATABASE_URL: expected a URL that starts with postgres://'],
  ],
  [
    'a short SECRET_KEY',
    { SECRET_KEY: 'short' },
    ['SECRET_KEY: expected at least 32 bytes', 'openssl rand -base64 48'],
  ],
  [
    'proxies and origins that would be everybody',
    { TRUST_PROXY: '0.0.0.0/0', CORS_ORIGINS: '*' },
    [
      '2 settings are wrong',
      'TRUST_PROXY: expected no IPv4 range wider than /8',
      'CORS_ORIGINS: expected explicit origins',
    ],
  ],
  [
    'several at once',
    { PORT: '99999', SECRET_KEY: 'short', ACCESS_TOKEN_TTL: 'soon', BCRYPT_COST: '99', ADMIN_EMAIL: 'nobody' },
    ['5 settings are wrong', 'PORT:', 'SECRET_KEY:', 'ACCESS_TOKEN_TTL:', 'BCRYPT_COST:', 'ADMIN_EMAIL:'],
  ],
  [
    'nothing at all in production',
    { NODE_ENV: 'production' },
    ['DATABASE_URL:', 'SECRET_KEY:', 'SMTP_URL:', 'MAIL_FROM:', 'PUBLIC_URL:', 'ADMIN_EMAIL:', 'BCRYPT_COST:'],
  ],
  [
    'placeholders in production',
    {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://roster:roster@127.0.0.1:1/roster',
      SECRET_KEY: 'change-me-change-me-change-me-change-me',
      SMTP_URL: NOWHERE,
      MAIL_FROM: 'no-reply@example.com',
      PUBLIC_URL: 'https://accounts.example.com',
      ADMIN_EMAIL: 'admin@example.com',
    },
    ['SECRET_KEY: is a placeholder', 'BCRYPT_COST: production refuses less than 10'],
  ],
];

describe('A setting that is wrong', () => {
  let servers: RosterProcess[];
  beforeAll(async () => {
    servers = await Promise.all(WRONG.map(([, environment]) => RosterProcess.launch(home, environment)));
    await Promise.all(servers.map((server) => server.exit()));
  });

  it.each(WRONG.map(([what, , texts], index) => [what, texts, index] as const))(
    'ends the start before anything is made: %s',
    async (_what, texts, index) => {
      await expectRefusal(servers[index], ['Roster cannot start', ...texts, '.env.example']);
      expect(home.contents()).toEqual([]);
    },
  );
});

describe('A database that does not let Roster in', () => {
  const to = (change: (url: URL) => void) => {
    const url = new URL(database.url);
    change(url);
    return url.href;
  };

  it('because nobody listens there', async () => {
    const port = await freePort();
    const url = to((u) => (u.port = String(port)));
    const server = await RosterProcess.launch(home, { DATABASE_URL: url, SMTP_URL: NOWHERE, SECRET_KEY });
    await expectRefusal(server, [`cannot be reached at 127.0.0.1:${port}`, 'ECONNREFUSED', 'Check DATABASE_URL']);
  });

  it('because the password is wrong, which is not repeated', async () => {
    const url = to((u) => (u.password = 'not-the-password'));
    const server = await RosterProcess.launch(home, { DATABASE_URL: url, SMTP_URL: NOWHERE, SECRET_KEY });
    await expectRefusal(server, ['password authentication failed', 'Check DATABASE_URL']);
    expect(server.stdout + server.stderr).not.toContain('not-the-password');
  });

  it('because there is no such database', async () => {
    const url = to((u) => (u.pathname = '/nowhere'));
    const server = await RosterProcess.launch(home, { DATABASE_URL: url, SMTP_URL: NOWHERE, SECRET_KEY });
    await expectRefusal(server, ['/nowhere', 'does not exist', 'Check DATABASE_URL']);
  });

  it('because its keys were wrapped with another SECRET_KEY', async () => {
    const environment = { DATABASE_URL: database.url, SMTP_URL: NOWHERE, SECRET_KEY };
    await (await RosterProcess.start(home, environment)).kill('SIGTERM');

    const server = await RosterProcess.launch(home, { ...environment, SECRET_KEY: 'an0thEr.'.repeat(6) });
    await expectRefusal(server, ['SECRET_KEY is not the key', 'Start with the SECRET_KEY that was used before']);
  });
});

describe('A database that is no PostgreSQL', () => {
  const COCKROACH = 'CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu)';
  const isRefused = async (DATABASE_URL: string) => {
    const server = await RosterProcess.launch(home, { DATABASE_URL, SMTP_URL: NOWHERE, SECRET_KEY });
    await expectRefusal(server, ['The database is CockroachDB', 'advisory locks', 'PostgreSQL 15 or newer']);
  };

  it('is refused before anything is made there', async () => {
    const other = await createTestDatabase();
    const before = await other.query<{ tables: number }>('SELECT count(*)::int AS tables FROM pg_class');
    await other.query('CREATE SCHEMA other');
    await other.query(`CREATE FUNCTION other.version() RETURNS text LANGUAGE sql AS $$ SELECT '${COCKROACH}' $$`);
    const name = new URL(other.url).pathname.slice(1);
    await other.query(`ALTER DATABASE "${name}" SET search_path = other, pg_catalog, public`);
    await isRefused(other.url);
    expect(await other.query('SELECT count(*)::int AS tables FROM pg_class')).toEqual(before);
    await other.drop();
  });

  it('is named also where it does not know the settings of a session', async () => {
    const { url, server } = await startImposter(COCKROACH);
    await isRefused(url);
    server.close();
  });
});

describe('A start that fails when its own PostgreSQL runs already', () => {
  it('because ADMIN_PASSWORD is weak, leaves nothing running and succeeds with a better one', async () => {
    const weak = await RosterProcess.launch(home, { ADMIN_PASSWORD: 'admin' });
    await expectRefusal(weak, ['ADMIN_PASSWORD:', '12']);

    const server = await RosterProcess.start(home, { ADMIN_PASSWORD: 'correct horse battery staple' });
    await server.signIn('admin@localhost', 'correct horse battery staple');
    await server.kill('SIGTERM');
  });

  it('because the port is taken, leaves nothing running, and no admin whose password nobody was shown', async () => {
    home.remove();
    home = makeHome();
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as { port: number };

    const server = await RosterProcess.launch(home, { PORT: String(port) });
    await expectRefusal(server, [`Port ${port} on 127.0.0.1 is in use`, `PORT=${port + 1} npm start`], 'port held');

    await new Promise((closed) => other.close(closed));
    const next = await RosterProcess.start(home);
    const [, email = '', password = ''] =
      /^(\S+) {2}password (\S+) {2}\(shown only once\)$/.exec(next.said('Admin')) ?? [];
    await next.signIn(email, password);
    await next.kill('SIGTERM');
  });
});

/** Exit code 1, one message for a person that holds all of `texts`, no stack, and nothing left that runs. */
async function expectRefusal(
  server: RosterProcess | undefined,
  texts: string[],
  portHeld?: 'port held',
): Promise<void> {
  if (!server) throw new Error('no such server');
  expect(await server.exit()).toBe(1);
  for (const text of texts) expect(server.stderr).toContain(text);
  expect(server.stderr).not.toMatch(/^\s+at /m);
  expect(server.stderr.trim().split('\n').length).toBeLessThan(16);
  // Nor in the log, where it would stand beside the message.
  expect(server.stdout).not.toMatch(/"level":"(error|fatal)"/);
  expect(server.stdout).not.toContain('Roster is running');
  expect(home.postgresProcesses()).toEqual([]);
  if (!portHeld && server.port > 0 && server.port < 65_536) expect(await isFree(server.port)).toBe(true);
}
