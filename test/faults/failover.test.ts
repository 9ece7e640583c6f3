import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { Response } from 'supertest';
import { Inbox } from '../support/inbox.js';
import { eventually, type Home, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';
import { Proxy } from '../support/proxy.js';
import { SystemPostgres } from '../support/system-postgres.js';

jest.setTimeout(120_000);

const ADMIN_PASSWORD = 'correct horse battery staple';

let home: Home;
let inbox: Inbox;
let postgres: SystemPostgres;
let proxy: Proxy;
let server: RosterProcess;
let token: string;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  postgres = await SystemPostgres.start();
  proxy = await Proxy.before(new URL(postgres.database.url));
  server = await RosterProcess.start(home, {
    DATABASE_URL: proxy.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    RATE_LIMIT_ENABLED: 'false',
    ADMIN_PASSWORD,
  });
  token = await server.signIn('admin@localhost', ADMIN_PASSWORD);
});
afterAll(async () => {
  await RosterProcess.killAll();
  await proxy.down();
  await postgres.database.drop();
  await postgres.stop();
  await inbox.down();
  home.remove();
});

const ready = () => server.api.get('/health/ready');
let count = 0;
/** One write by each way to the database: of a user object, of a session, of a registration. */
const WRITES = [
  () =>
    server.api
      .patch('/users/me')
      .set('authorization', `Bearer ${token}`)
      .send({ nickname: `number ${++count}` }),
  () => server.api.post('/auth/login').send({ identifier: 'admin@localhost', password: ADMIN_PASSWORD }),
  () => server.api.post('/auth/register').send({ email: `someone-${++count}@example.com`, password: PASSWORD }),
] as const;
const write = (number: number): Promise<Response> => WRITES[number % WRITES.length]!();
const writeAll = async () => (await Promise.all(WRITES.map((one) => one()))).map(({ status }) => status);
const succeed = async () => (await writeAll()).every((status) => status < 300);

/** How often each status was answered; every 503 is a problem that says when to come again. */
function statusesOf(answers: readonly Response[]): Record<string, number> {
  const statuses: Record<string, number> = {};
  for (const { status, headers, body } of answers) {
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status !== 503) continue;
    expect(headers['content-type']).toContain('application/problem+json');
    expect(headers['retry-after']).toMatch(/^\d+$/);
    expect((body as { code: string }).code).toMatch(/^(unavailable|busy)$/);
  }
  return statuses;
}

describe('A server whose database takes no writes any more', () => {
  const setReadOnly = async (value: 'on' | 'off') => {
    await postgres.database.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await postgres.database.query('SELECT pg_reload_conf()');
  };
  afterAll(() => setReadOnly('off'));

  it('refuses writes with 503 and when to come again, says that it is not ready, and writes at once when it may', async () => {
    const answers: Response[] = [];
    let ends = false;
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let number = writer; !ends; number++) answers.push(await write(number));
    });
    await sleep(300);
    await setReadOnly('on');
    await eventually('not ready', async () => (await ready()).status === 503);
    expect((await ready()).body).toMatchObject({ status: 'down', checks: { database: 'down' } });
    answers.push(...(await Promise.all(Array.from({ length: 60 }, (_, number) => write(number)))));
    await sleep(500);
    expect(new Set(await writeAll())).toEqual(new Set([503]));
    expect((await server.api.get('/users/me').set('authorization', `Bearer ${token}`)).status).toBe(200);

    await setReadOnly('off');
    const after = await eventually('writes', succeed);
    await eventually('ready', async () => (await ready()).status === 200);
    ends = true;
    await Promise.all(writers);
    const statuses = statusesOf(answers);
    report(`read-only and back: ${JSON.stringify(statuses)}; writes ${after} ms after it may`);
    expect(Object.keys(statuses).filter((status) => Number(status) >= 500)).toEqual(['503']);
  });
});

describe('A server that finds the standby where the database was', () => {
  it('leaves it for the primary as soon as that answers there, though nobody ends its connections', async () => {
    const standby = new URL(await postgres.standby());
    proxy.turnTo(standby);
    proxy.cut();
    await eventually('not ready', async () => (await ready()).status === 503);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, number) => write(number)));
    expect(Object.keys(statusesOf(answers))).toEqual(['503']);
    // Its other connections, too, have come to the standby by now.
    await sleep(1500);

    proxy.turnTo(new URL(postgres.database.url));
    const after = await eventually('writes', succeed);
    await eventually('ready', async () => (await ready()).status === 200);
    report(`the primary is back: writes after ${after} ms`);
    await server.api
      .post('/auth/register')
      .send({ email: 'after-the-standby@example.com', password: PASSWORD })
      .expect(202);
    await inbox.waitFor('after-the-standby@example.com', 1);
    await eventually('nobody on the standby', async () => (await backendsOn(standby)) === 0);
  });

  async function backendsOn(url: URL): Promise<number> {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name LIKE 'roster%'",
    );
    await client.end();
    return rows[0]!.count;
  }
});

describe('A server whose connections are cut again and again', () => {
  it('answers every write, and none with 500', async () => {
    const ending = new AbortController();
    const cutter = (async () => {
      for (let round = 0; !ending.signal.aborted; round++) {
        await sleep(200 + 60 * (round % 5));
        if (round % 2 === 0) proxy.cut();
        else {
          await postgres.database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'roster%'",
          );
        }
      }
    })();
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, number) => {
        await sleep(10 * number);
        return write(number);
      }),
    );
    ending.abort();
    await cutter;
    const statuses = statusesOf(answers);
    report(`while connections were cut: ${JSON.stringify(statuses)}`);
    expect(Object.keys(statuses).filter((status) => Number(status) >= 500)).toEqual(['503']);
    expect(answers.filter(({ status }) => status < 300).length).toBeGreaterThan(0);
    await eventually('writes', succeed);
    expect(server.alive).toBe(true);
  });
});
