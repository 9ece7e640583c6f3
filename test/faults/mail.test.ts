import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox, tokenIn } from '../support/inbox.js';
import { eventually, type Home, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';

jest.setTimeout(60_000);

let home: Home;
let database: TestDatabase;
let inbox: Inbox;
let environment: Record<string, string>;
let silence: Silence | undefined;

beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
  inbox = await Inbox.start();
  environment = {
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_PASSWORD: 'correct horse battery staple',
  };
});
afterEach(async () => {
  await RosterProcess.killAll();
  await silence?.end();
  await inbox.down();
  await inbox.up();
});
afterAll(async () => {
  await inbox.down();
  await database.drop();
  home.remove();
});

describe('A registration while the SMTP server is down', () => {
  it('is answered at once, and its mail leaves when the SMTP server is up again', async () => {
    const server = await RosterProcess.start(home, environment);
    await inbox.down();

    const ms = await register(server, 'down@example.com');
    await eventually('a vain try', async () =>
      (await mailsTo('down@example.com')).some(({ attempts }) => attempts > 0),
    );
    const ready = await server.api.get('/health/ready').expect(200);
    expect(ready.body).toMatchObject({ status: 'degraded', checks: { database: 'up', mail: 'down' } });
    await inbox.up();
    const mail = await inbox.waitFor('down@example.com');

    report(`202 while the SMTP server is down: ${ms} ms`);
    await expectOneOfEverything('down@example.com');
    expect(inbox.to('down@example.com')).toHaveLength(1);
    await server.api
      .post('/auth/verify-email')
      .send({ token: tokenIn(mail) })
      .expect(200);
    await server.signIn('down@example.com', PASSWORD);
  });

  it('keeps its mail over kill -9', async () => {
    const killed = await RosterProcess.start(home, environment);
    await inbox.down();
    await register(killed, 'down-and-killed@example.com');
    await killed.kill('SIGKILL');
    await inbox.up();

    await RosterProcess.start(home, environment);
    const ms = await eventually('the mail', () => inbox.to('down-and-killed@example.com').length > 0);

    report(`running again to the mail: ${ms} ms`);
    await expectOneOfEverything('down-and-killed@example.com');
    report(`mails: ${inbox.to('down-and-killed@example.com').length}`);
    expect(inbox.to('down-and-killed@example.com').length).toBeLessThanOrEqual(2);
  });
});

describe('A mail in hand, with an SMTP server that takes the connection and says nothing', () => {
  it('leaves soon after kill -9 of the server and a new start', async () => {
    const killed = await RosterProcess.start(home, environment);
    await inbox.down();
    silence = await Silence.on(inbox);
    await register(killed, 'in-hand@example.com');
    await silence.called;
    expect(await jobsInHand()).toBe(1);
    await killed.kill('SIGKILL');
    await silence.end();
    await inbox.up();
    expect(await jobsInHand()).toBe(1);

    await RosterProcess.start(home, environment);
    const ms = await eventually('the mail', () => inbox.to('in-hand@example.com').length > 0, 30_000);

    report(`running again to the mail that the killed server had in hand: ${ms} ms`);
    await expectOneOfEverything('in-hand@example.com');
    report(`mails: ${inbox.to('in-hand@example.com').length}`);
    expect(inbox.to('in-hand@example.com').length).toBeLessThanOrEqual(2);
  });

  it('does not keep the server from ending in order on SIGTERM, and leaves after the next start', async () => {
    const stopped = await RosterProcess.start(home, environment);
    await inbox.down();
    silence = await Silence.on(inbox);
    await register(stopped, 'stopped@example.com');
    await silence.called;

    const { code, ms } = await stopped.kill('SIGTERM');

    report(`SIGTERM to exit with a mail in hand: ${ms} ms`);
    expect({ code, stderr: stopped.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    expect(await jobsInHand()).toBe(0);
    await silence.end();
    await inbox.up();
    await RosterProcess.start(home, environment);
    const wait = await eventually('the mail', () => inbox.to('stopped@example.com').length > 0, 30_000);
    report(`running again to the mail: ${wait} ms`);
    await expectOneOfEverything('stopped@example.com');
  });

  it('is given to another replica soon after kill -9 of the one that had it', async () => {
    const killed = await RosterProcess.start(home, environment);
    await inbox.down();
    silence = await Silence.on(inbox);
    await register(killed, 'handed-over@example.com');
    await silence.called;
    await RosterProcess.start(home, environment);
    expect(await jobsInHand()).toBe(1);

    await killed.kill('SIGKILL');
    await silence.end();
    await inbox.up();
    const ms = await eventually('the mail', () => inbox.to('handed-over@example.com').length > 0, 30_000);

    report(`kill -9 of a replica to the mail by another: ${ms} ms`);
    await expectOneOfEverything('handed-over@example.com');
  });
});

/** @returns after how many milliseconds it was answered */
async function register(server: RosterProcess, email: string): Promise<number> {
  const begin = Date.now();
  await server.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
  return Date.now() - begin;
}

async function mailsTo(email: string): Promise<{ state: string; attempts: number }[]> {
  return database.query('SELECT state, attempts FROM mails WHERE recipient = $1', [email]);
}

/** One claim of the address, and one mail to it that was sent; no job is left to send it again. */
async function expectOneOfEverything(email: string): Promise<void> {
  await eventually('the mail marked as sent', async () => (await mailsTo(email))[0]?.state === 'sent');
  expect(await mailsTo(email)).toEqual([expect.objectContaining({ state: 'sent' })]);
  expect(await database.query('SELECT email FROM users WHERE email_key = $1', [email])).toHaveLength(1);
  await eventually('no job left', async () => (await database.query('SELECT FROM graphile_worker.jobs')).length === 0);
}

async function jobsInHand(): Promise<number> {
  return (await database.query('SELECT FROM graphile_worker.jobs WHERE locked_at IS NOT NULL')).length;
}

/** In place of an SMTP server: takes connections and never says a word. */
class Silence {
  private readonly sockets = new Set<Socket>();
  readonly called: Promise<unknown>;

  private constructor(private readonly server: Server) {
    this.called = once(server, 'connection');
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket.on('error', () => undefined));
    });
  }

  static async on(inbox: Inbox): Promise<Silence> {
    const server = createServer();
    server.listen(Number(new URL(inbox.url).port), '127.0.0.1');
    await once(server, 'listening');
    return new Silence(server);
  }

  async end(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((closed) => this.server.close(closed));
  }
}
