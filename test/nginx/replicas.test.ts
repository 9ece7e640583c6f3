import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Nginx } from '../support/nginx.js';
import { freePort, type Home, makeHome, report, RosterProcess } from '../support/process.js';

jest.setTimeout(180_000);

const CLIENTS = 8;
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };
const SIGN_IN = JSON.stringify({ identifier: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD });

let home: Home;
let database: TestDatabase;
let nginx: Nginx | undefined;
beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
});
afterAll(async () => {
  await nginx?.stop();
  await RosterProcess.killAll();
  await database.drop();
  home.remove();
});

const start = (port: number) =>
  RosterProcess.start(home, {
    ...ADMIN,
    PORT: String(port),
    DATABASE_URL: database.url,
    SMTP_URL: 'smtp://127.0.0.1:1',
    SECRET_KEY: 'k3yZ'.repeat(12),
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'warn',
  });

test('one of two servers is stopped and started again, then the other, and no request is lost', async () => {
  const ports = [await freePort(), await freePort()] as const;
  const servers = [await start(ports[0]), await start(ports[1])];
  const front = (nginx = await Nginx.start(...ports.map((port) => `127.0.0.1:${port}`)));
  const statuses = new Map<string, number>();
  let isOver = false;
  const use = async (index: number): Promise<void> => {
    while (!isOver) {
      const isSignIn = index % 2 === 0;
      const headers = { 'content-type': 'application/json' };
      const { status, body } = isSignIn
        ? await front.send('/auth/login', { headers, body: SIGN_IN })
        : await front.send('/auth/methods');
      // What is full says so, whoever is away; any other 5xx would be a request that got lost.
      const became = `${isSignIn ? 'POST' : 'GET'} ${status === 503 ? String(body['code']) : status}`;
      statuses.set(became, (statuses.get(became) ?? 0) + 1);
    }
  };
  const users = Array.from({ length: CLIENTS }, (_, index) => use(index));
  for (const [index, port] of ports.entries()) {
    await sleep(1000);
    expect((await servers[index]!.kill('SIGTERM')).code).toBe(0);
    await sleep(1000);
    await start(port);
    // Longer than nginx leaves out who refused.
    await sleep(1500);
  }
  isOver = true;
  await Promise.all(users);
  report(JSON.stringify(Object.fromEntries(statuses)));
  expect(statuses.get('GET 200')).toBeGreaterThan(50);
  expect(statuses.get('POST 200')).toBeGreaterThan(10);
  expect([...statuses.keys()].filter((became) => !['GET 200', 'POST 200', 'POST busy'].includes(became))).toEqual([]);
});
