import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox, tokenIn } from '../support/inbox.js';
import { type Home, makeHome, PASSWORD, RosterProcess } from '../support/process.js';
import { PgBouncer } from '../support/pgbouncer.js';

jest.setTimeout(120_000);

const ADMIN_PASSWORD = 'correct horse battery staple';
const SECRET_KEY = 'k3yZ'.repeat(12);
// What the operator has set for every session, which nobody takes away from the next client of a pooled connection.
const LIMITS = {
  statement_timeout: '47s',
  lock_timeout: '46s',
  idle_in_transaction_session_timeout: '45s',
  idle_session_timeout: '44s',
  default_transaction_isolation: 'repeatable read',
  bytea_output: 'escape',
};

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let pooler: PgBouncer;
let environment: Record<string, string>;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  database = await createTestDatabase('template0');
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(LIMITS)) {
    await database.query(`ALTER ROLE CURRENT_USER IN DATABASE ${name} SET ${setting} = '${value}'`);
  }
  pooler = await PgBouncer.before(database.url);
  environment = {
    DATABASE_URL: pooler.url,
    DATABASE_DIRECT_URL: database.url,
    SMTP_URL: inbox.url,
    // One for both, as behind a proxy.
    PUBLIC_URL: 'http://roster.localhost',
    SECRET_KEY,
    ADMIN_PASSWORD,
  };
});
afterAll(async () => {
  await RosterProcess.killAll();
  await pooler.stop();
  await database.drop();
  await inbox.down();
  home.remove();
});

const settings = Object.keys(LIMITS).map((setting) => `current_setting('${setting}') AS ${setting}`);

/** Of each pooled connection, what differs from what the operator has set, and the locks that it holds beyond a transaction. */
async function leftOver(): Promise<object[]> {
  const rows = await pooler.onEach<Record<string, unknown>>(
    `SELECT ${settings.join(', ')},
       (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`,
  );
  const untouched = JSON.stringify({ ...LIMITS, locks: 0 });
  return rows.filter((row) => JSON.stringify(row) !== untouched);
}

describe('Behind PgBouncer in transaction mode, with a direct address beside it', () => {
  // Connections that are there before anybody comes, so that everything that follows is done over them.
  beforeAll(async () => expect(await leftOver()).toEqual([]));
  afterEach(async () => expect(await leftOver()).toEqual([]));

  it('two servers that start together migrate once, and both serve', async () => {
    const servers = await Promise.all([1, 2].map(() => RosterProcess.launch(home, environment)));
    await Promise.all(servers.map((server) => server.running()));
    const [one, other] = servers as [RosterProcess, RosterProcess];
    const email = 'ada@example.com';
    await one.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
    const token = tokenIn(await inbox.waitFor(email));
    await other.api.post('/auth/verify-email').send({ token }).expect(200);
    const session = await one.signIn(email, PASSWORD);
    await other.api.patch('/users/me').set('authorization', `Bearer ${session}`).send({ bio: 'x' }).expect(200);
    expect(await leftOver()).toEqual([]);
    for (const server of servers) expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 });
  });

  it.each([
    [['migrate']],
    [['shared-mailboxes']],
    [['verify']],
    [['replay']],
    [['checkpoint', '--out', 'checkpoint']],
    [['relay', 'status']],
    [['token', '--user', 'ada@example.com']],
    [['admin', 'reset-password']],
    [['rotate-signing-key']],
    [['rotate-secret']],
  ])('the command %j leaves pooled connections as they were', async (args) => {
    const given = { ...environment, ...(args[0] === 'rotate-secret' && { NEW_SECRET_KEY: 'k4yZ'.repeat(12) }) };
    expect(await runCommand(args, given, home.path)).toMatchObject({ code: 0, stderr: '' });
  });
});
