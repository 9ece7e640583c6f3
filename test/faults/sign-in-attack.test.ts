import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { eventually, type Home, makeHome, report, RosterProcess } from '../support/process.js';
import { visible } from '../support/visible.js';

jest.setTimeout(120_000);

const EMAIL = 'admin@localhost';
const PASSWORD = 'correct horse battery staple';
const THRESHOLD = 50;

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let servers: [RosterProcess, RosterProcess];
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  database = await createTestDatabase('template0');
  const environment = {
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_PASSWORD: PASSWORD,
    PUBLIC_URL: 'https://accounts.example.com',
    RATE_LIMIT_ENABLED: 'false',
    LOCKOUT_THRESHOLD: String(THRESHOLD),
  };
  // One after the other: the first migrates and makes the admin.
  const first = await RosterProcess.start(home, environment);
  servers = [first, await RosterProcess.start(home, environment)];
});
afterAll(async () => {
  await RosterProcess.killAll();
  await database.drop();
  await inbox.down();
  home.remove();
});

const login = (server: RosterProcess, password: string, more: object = {}) =>
  server.api.post('/auth/login').send({ identifier: EMAIL, password, ...more });
const storm = (count: number, password: (index: number) => string) =>
  Promise.all(Array.from({ length: count }, (_, index) => login(servers[index % 2 ? 1 : 0], password(index))));
const count = async () => database.query('SELECT failures, locks FROM lockouts WHERE user_id IS NOT NULL');
const wrong = (index: number) => `seven idle boats on slate water ${index}`;

describe('two processes under one attack', () => {
  it('let 20 right passwords in at once', async () => {
    const answers = await storm(20, () => PASSWORD);
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    expect(await count()).toEqual([]);
  });

  it('count 50 wrong passwords at once exactly, and lock once', async () => {
    const signedIn = await login(servers[0], PASSWORD).expect(200);
    const deviceToken = String(signedIn.body.deviceToken);
    const begin = Date.now();
    const first = await storm(THRESHOLD - 1, wrong);
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([401]));
    expect(await count()).toEqual([{ failures: THRESHOLD - 1, locks: 0 }]);
    const second = await storm(THRESHOLD, wrong);
    report(`${first.length + second.length} wrong passwords over two processes in ${Date.now() - begin} ms`);
    // One of them was the fiftieth; what came after it did not count.
    expect(await count()).toEqual([{ failures: 0, locks: 1 }]);

    for (const server of servers) {
      const right = await login(server, PASSWORD).expect(401);
      expect(visible(right)).toEqual(visible(await login(server, wrong(0))));
      await login(server, PASSWORD, { deviceToken }).expect(200);
      await server.api
        .get('/users/me')
        .set('authorization', `Bearer ${signedIn.body.accessToken as string}`)
        .expect(200);
    }
    await eventually('the lock is written down', async () => {
      const found = await database.query("SELECT 1 FROM auth_events WHERE type = 'account.locked'");
      return found.length > 0;
    });
    const [evidence] = await database.query<{ locked: number; failed: number }>(
      `SELECT count(*) FILTER (WHERE type = 'account.locked')::int AS locked,
         sum(times) FILTER (WHERE type = 'login.failed')::int AS failed FROM auth_events`,
    );
    expect(evidence).toEqual({ locked: 1, failed: 2 * THRESHOLD - 1 + 4 });
    // The others tell of the sign-ins.
    expect(inbox.to(EMAIL).filter(({ email }) => email.subject?.startsWith('Too many wrong passwords'))).toHaveLength(
      1,
    );
  });
});
