import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox, tokenIn } from '../support/inbox.js';
import { eventually, type Home, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';

/** A database, the SMTP server of those who work on it, and the settings that name both. */
interface Site {
  readonly database: TestDatabase;
  readonly inbox: Inbox;
  readonly environment: Record<string, string>;
}

let home: Home;
let site: Site;
let inbox: Inbox;
let otherSite: Site;
/** Takes long, mostly by waiting, so it goes on beside the other tests. */
let handingOver: Promise<number>;
let server: RosterProcess;
let silence: Silence | undefined;

beforeAll(async () => {
  home = makeHome();
  otherSite = await makeSite();
  site = await makeSite();
  inbox = site.inbox;
  handingOver = handOver(otherSite);
  handingOver.catch(() => undefined);
});
beforeEach(async () => {
  if (!(server as RosterProcess | undefined)?.alive) server = await RosterProcess.start(home, site.environment);
});
afterEach(async () => {
  await silence?.end();
  await inbox.down();
  await inbox.up();
});
afterAll(async () => {
  await RosterProcess.killAll();
  for (const { inbox, database } of [site, otherSite]) {
    await inbox.down();
    await database.drop();
  }
  home.remove();
});

describe('A registration while the SMTP server is down', () => {
  it('is answered at once, and its mail leaves when the SMTP server is up again', async () => {
    await inbox.down();

    const ms = await register(server, 'down@example.com');
    const mails = async () => mailsTo(site, 'down@example.com');
    await eventually('a vain try', async () => (await mails()).some(({ attempts }) => attempts > 0));
    const ready = await server.api.get('/health/ready').expect(200);
    expect(ready.body).toMatchObject({ status: 'degraded', checks: { database: 'up', mail: 'down' } });
    await inbox.up();
    const token = tokenIn(await inbox.waitFor('down@example.com'));

    report(`202 while the SMTP server is down: ${ms} ms`);
    await expectOneOfEverything(site, 'down@example.com');
    expect(inbox.to('down@example.com')).toHaveLength(1);
    await server.api.post('/auth/verify-email').send({ token }).expect(200);
    await server.signIn('down@example.com', PASSWORD);
  });

  it('keeps its mail over kill -9', async () => {
    await inbox.down();
    await register(server, 'down-and-killed@example.com');
    await server.kill('SIGKILL');
    await inbox.up();

    server = await RosterProcess.start(home, site.environment);
    const ms = await eventually('the mail', () => inbox.to('down-and-killed@example.com').length > 0);

    await expectOneOfEverything(site, 'down-and-killed@example.com');
    const times = inbox.to('down-and-killed@example.com').length;
    report(`running again to the mail: ${ms} ms; it came ${times} times`);
    expect(times).toBeLessThanOrEqual(2);
  });
});

describe('A leased mail, with an SMTP server that takes the connection and says nothing', () => {
  it('leaves soon after kill -9 of the server and a new start', async () => {
    await inbox.down();
    silence = await Silence.on(inbox);
    await register(server, 'in-hand@example.com');
    await silence.called;
    expect(await leasedMails(site)).toBe(1);
    await server.kill('SIGKILL');
    await silence.end();
    await inbox.up();
    expect(await leasedMails(site)).toBe(1);

    server = await RosterProcess.start(home, site.environment);
    const ms = await eventually('the mail', () => inbox.to('in-hand@example.com').length > 0);

    await expectOneOfEverything(site, 'in-hand@example.com');
    const times = inbox.to('in-hand@example.com').length;
    report(`running again to the mail that the killed server had leased: ${ms} ms; it came ${times} times`);
    expect(times).toBeLessThanOrEqual(2);
  });

  it('does not keep the server from ending in order on SIGTERM, and leaves after the next start', async () => {
    await inbox.down();
    silence = await Silence.on(inbox);
    await register(server, 'stopped@example.com');
    await silence.called;

    const { code, ms } = await server.kill('SIGTERM');

    report(`SIGTERM to exit with a leased mail: ${ms} ms`);
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    expect(await leasedMails(site)).toBe(0);
    await silence.end();
    await inbox.up();
    server = await RosterProcess.start(home, site.environment);
    const wait = await eventually('the mail', () => inbox.to('stopped@example.com').length > 0);
    report(`running again to the mail: ${wait} ms`);
    await expectOneOfEverything(site, 'stopped@example.com');
  });

  it('is given to another replica soon after kill -9 of the one that had it', async () => {
    report(`kill -9 of a replica to the mail by another: ${await handingOver} ms`);
    await expectOneOfEverything(otherSite, 'handed-over@example.com');
  });
});

async function makeSite(): Promise<Site> {
  const database = await createTestDatabase();
  const inbox = await Inbox.start();
  const secrets = { SECRET_KEY: 'k3yZ'.repeat(12), ADMIN_PASSWORD: 'correct horse battery staple' };
  return { database, inbox, environment: { DATABASE_URL: database.url, SMTP_URL: inbox.url, ...secrets } };
}

/** @returns how many milliseconds after the end of one replica the other sent the mail */
async function handOver(there: Site): Promise<number> {
  const killed = await RosterProcess.start(home, there.environment);
  await there.inbox.down();
  const silence = await Silence.on(there.inbox);
  await register(killed, 'handed-over@example.com');
  await silence.called;
  await RosterProcess.start(home, there.environment);
  expect(await leasedMails(there)).toBe(1);

  await killed.kill('SIGKILL');
  await silence.end();
  await there.inbox.up();
  return eventually('the mail', () => there.inbox.to('handed-over@example.com').length > 0);
}

/** @returns after how many milliseconds it was answered */
async function register(at: RosterProcess, email: string): Promise<number> {
  const begin = Date.now();
  await at.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
  return Date.now() - begin;
}

async function mailsTo({ database }: Site, email: string): Promise<{ state: string; attempts: number }[]> {
  return database.query('SELECT state, attempts FROM mails WHERE recipient = $1', [email]);
}

/** One claim of the address, and one mail to it that was sent; no job is left to send it again. */
async function expectOneOfEverything(at: Site, email: string): Promise<void> {
  await eventually('the mail marked as sent', async () => (await mailsTo(at, email))[0]?.state === 'sent');
  expect(await mailsTo(at, email)).toEqual([expect.objectContaining({ state: 'sent' })]);
  expect(await at.database.query('SELECT email FROM users WHERE email_key = $1', [email])).toHaveLength(1);
  const jobs = async () => at.database.query('SELECT FROM graphile_worker.jobs');
  await eventually('no job left', async () => (await jobs()).length === 0);
}

async function leasedMails({ database }: Site): Promise<number> {
  return (await database.query("SELECT FROM mails WHERE state = 'queued' AND held_until > now()")).length;
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
