import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { metric } from '../support/metrics.js';
import { eventually, type Home, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';
import { Proxy } from '../support/proxy.js';

const ADMIN_PASSWORD = 'correct horse battery staple';

let home: Home;
let inbox: Inbox;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await inbox.down();
  home.remove();
});

function environment(databaseUrl: string): Record<string, string> {
  return { DATABASE_URL: databaseUrl, SMTP_URL: inbox.url, SECRET_KEY: 'k3yZ'.repeat(12), ADMIN_PASSWORD };
}

describe('Two servers that start at the same moment on an empty database', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await createTestDatabase('template0')));
  afterAll(() => database.drop());

  it('migrate it once, make one admin, and know the tokens of one another', async () => {
    const begin = Date.now();
    // As replicas behind one address have it: tokens name the PUBLIC_URL as their issuer.
    const settings = { ...environment(database.url), PUBLIC_URL: 'https://accounts.example.com' };
    const servers = await Promise.all([1, 2].map(() => RosterProcess.launch(home, settings)));
    await Promise.all(servers.map((server) => server.running()));
    const [one, other] = servers as [RosterProcess, RosterProcess];

    report(`both run after ${Date.now() - begin} ms`);
    expect(servers.filter(({ stdout }) => stdout.includes('database migrated'))).toHaveLength(1);
    expect(servers.filter((server) => server.said('Admin'))).toHaveLength(1);
    expect(await database.query('SELECT email, role FROM users')).toEqual([
      { email: 'admin@localhost', role: 'ADMIN' },
    ]);
    const [keys] = await database.query<{ one_each: boolean }>(
      'SELECT count(*) = count(DISTINCT purpose) AS one_each FROM keys',
    );
    expect(keys).toEqual({ one_each: true });
    const token = await one.signIn('admin@localhost', ADMIN_PASSWORD);
    await other.api.get('/users/me').set('authorization', `Bearer ${token}`).expect(200);
    expect(servers.map(({ stderr }) => stderr)).toEqual(['', '']);
    const ends = await Promise.all(servers.map((server) => server.kill('SIGTERM')));
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  });
});

describe('A server that loses its database', () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let server: RosterProcess;
  let token: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await Proxy.before(new URL(database.url));
    server = await RosterProcess.start(home, environment(proxy.url));
    token = await server.signIn('admin@localhost', ADMIN_PASSWORD);
  });
  afterAll(async () => {
    await server.kill('SIGTERM');
    await proxy.down();
    await database.drop();
  });

  it('serves on and sends mails when every connection was ended, again and again', async () => {
    // More often than the job queue's pool has places: none may be lost.
    for (const round of [1, 2, 3, 4, 5, 6, 7]) {
      const ended = await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1',
        ['roster%'],
      );
      expect(ended.length).toBeGreaterThan(1);
      const serves = await eventually('serving', () => isServed());
      const mail = await mailTo(`round-${round}@example.com`);
      report(
        `${ended.length} connections ended: serves after ${serves} ms, a mail comes ${mail} ms after its registration`,
      );
    }
    expect(server.alive).toBe(true);
  });

  it('says so, keeps no request hanging, and recovers with its job queue when the database is back', async () => {
    await proxy.down();
    await eventually('not ready', async () => (await ready()).status === 503);
    expect((await ready()).body).toMatchObject({ status: 'down', checks: { database: 'down' } });
    await server.api.get('/health/live').expect(200);
    const { text } = await server.api.get('/metrics').expect(200);
    expect(metric(text, 'roster_check_up', { check: 'database' })).toBe(0);
    expect(metric(text, 'roster_check_up', { check: 'mail' })).toBe(1);
    expect(metric(text, 'roster_events_waiting')).toBeUndefined();
    const answer = await server.api
      .post('/auth/login')
      .send({ identifier: 'admin@localhost', password: ADMIN_PASSWORD });
    report(`sign-in without a database: ${answer.status} ${answer.text}`);
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    await sleep(1000);

    await proxy.up();
    const serves = await eventually('serving', () => isServed());
    const mail = await mailTo('after-outage@example.com');

    expect((await ready()).body).toMatchObject({ status: 'up' });
    report(`database back: serves after ${serves} ms, a mail comes ${mail} ms after its registration`);
  });

  it('starts its job queue again when that has stopped by itself', async () => {
    // A quick way to make it stop: graphile-worker does so too when it could not record an outcome for some minutes.
    await eventually('the end of the queue', async () => {
      // It may not listen yet after what came before.
      await database.query(`NOTIFY "worker:migrate", '{"breaking": true, "migrationNumber": 0}'`);
      return server.stdout.includes('detected breaking migration');
    });
    await server.until(() => server.stdout.includes('the job queue has stopped; restarting it'));

    // Who asks for a fresh link is answered before anybody looks whether one is due: that is a job.
    await database.query('DELETE FROM address_throttle');
    await server.api.post('/auth/resend-verification').send({ email: 'round-1@example.com' }).expect(202);
    const begin = Date.now();
    await inbox.waitFor('round-1@example.com', 2);
    report(`a mail comes ${Date.now() - begin} ms after it was asked for, by a job of a queue that starts again`);
  });

  it('survives an outage that begins while a mail is in hand, and does not lose that mail', async () => {
    await inbox.down();
    const taken: Socket[] = [];
    const slow = createServer((socket) => void taken.push(socket.on('error', () => undefined)));
    slow.listen(Number(new URL(inbox.url).port), '127.0.0.1');
    await server.api.post('/auth/register').send({ email: 'in-hand@example.com', password: PASSWORD }).expect(202);
    await once(slow, 'connection');
    await proxy.down();
    // The try fails now, and cannot say so to the queue.
    for (const socket of taken) socket.destroy();
    slow.close();
    await sleep(1500);
    expect(server.alive).toBe(true);

    await inbox.up();
    await proxy.up();
    const begin = Date.now();
    await inbox.waitFor('in-hand@example.com', 1);

    report(`database back to the mail that was in hand: ${Date.now() - begin} ms`);
    await mailTo('after-all@example.com');
    const [row] = await database.query('SELECT count(*)::int AS users FROM users WHERE email_key = $1', [
      'in-hand@example.com',
    ]);
    expect(row).toEqual({ users: 1 });
  });

  async function ready() {
    return server.api.get('/health/ready');
  }

  async function isServed(): Promise<boolean> {
    const me = await server.api.get('/users/me').set('authorization', `Bearer ${token}`);
    return me.status === 200 && (await ready()).status === 200;
  }

  /** @returns how many milliseconds after its registration the mail was there */
  async function mailTo(email: string): Promise<number> {
    await server.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
    const begin = Date.now();
    await inbox.waitFor(email, 1);
    return Date.now() - begin;
  }
});
