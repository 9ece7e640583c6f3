import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually, type Home, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';
import { CA_FILE, WaywardSmtp } from '../support/wayward-smtp.js';

// Where SOAK=full is set, as long as the real thing: minutes.
const FULL = process.env['SOAK'] === 'full';
const AWAY_MS = FULL ? 120_000 : 12_000;
const TARPIT_MS = FULL ? 60_000 : 4000;
const PATIENCE_MS = 60_000 + 3 * TARPIT_MS;
jest.setTimeout(AWAY_MS + 2 * PATIENCE_MS);

const ADMIN_PASSWORD = 'correct horse battery staple';

interface Mail {
  readonly state: string;
  readonly attempts: number;
  readonly reason: string | null;
  readonly answer: string | null;
  readonly nextAttemptAt: string | null;
}

/** A server with a database and an SMTP server of its own. */
class Site {
  private token = '';

  private constructor(
    readonly smtp: WaywardSmtp,
    readonly database: TestDatabase,
    readonly server: RosterProcess,
  ) {}

  static async start(home: Home, url: (smtp: WaywardSmtp) => string, environment = {}): Promise<Site> {
    const smtp = await WaywardSmtp.start();
    const database = await createTestDatabase();
    const server = await RosterProcess.start(home, {
      DATABASE_URL: database.url,
      SMTP_URL: url(smtp),
      SECRET_KEY: 'k3yZ'.repeat(12),
      ADMIN_PASSWORD,
      RATE_LIMIT_ENABLED: 'false',
      ...environment,
    });
    const site = new Site(smtp, database, server);
    site.token = await server.signIn('admin@localhost', ADMIN_PASSWORD);
    return site;
  }

  async stop(): Promise<void> {
    await this.server.kill('SIGTERM');
    await this.smtp.down();
    await this.database.drop();
  }

  /** Registers people, one after the other, and says how long the API took. @returns their addresses */
  async register(prefix: string, count: number): Promise<string[]> {
    const emails = Array.from({ length: count }, (_, index) => `${prefix}-${index}@example.com`);
    const times: number[] = [];
    for (const email of emails) {
      const begin = performance.now();
      await this.server.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
      times.push(performance.now() - begin);
      await this.server.api.get('/health/live').expect(200);
    }
    const sorted = times.sort((a, b) => a - b).map(Math.round);
    report(
      `${count} registrations meanwhile: 202 after ${sorted[count >> 1]} ms in the middle, ${sorted.at(-1)} at most`,
    );
    return emails;
  }

  /** The mails to these addresses, as a manager sees them. */
  async mails(emails: readonly string[]): Promise<Mail[]> {
    const users = await this.database.query<{ id: string }>(
      'SELECT id FROM users WHERE email = ANY ($1) ORDER BY array_position($1, email)',
      [emails],
    );
    const pages = users.map(async ({ id }) => {
      const page = await this.server.api
        .get(`/users/${id}/mails`)
        .set('authorization', `Bearer ${this.token}`)
        .expect(200);
      return (page.body as { items: Mail[] }).items;
    });
    return (await Promise.all(pages)).flat();
  }

  /** Waits until all of them have left. @returns how long that took */
  async allSent(emails: readonly string[]): Promise<number> {
    const isSent = async () => (await this.mails(emails)).every(({ state }) => state === 'sent');
    const ms = await eventually('every mail sent', isSent, PATIENCE_MS);
    const mails = await this.mails(emails);
    expect(mails).toHaveLength(emails.length);
    for (const { answer } of mails) expect(answer).toMatch(/^250 2\.0\.0 Ok: queued as \d+$/);
    for (const email of emails) {
      expect(this.smtp.delivered.some(({ recipients }) => recipients.length === 1 && recipients[0] === email)).toBe(
        true,
      );
    }
    return ms;
  }

  async health(): Promise<unknown> {
    return (await this.server.api.get('/health/ready').expect(200)).body;
  }
}

const DEGRADED = { status: 'degraded', checks: { database: 'up', mail: 'down' } };

let home: Home;
let site: Site;
beforeAll(async () => {
  home = makeHome();
  site = await Site.start(home, (smtp) => smtp.url());
});
afterAll(async () => {
  await site.stop();
  await RosterProcess.killAll();
  home.remove();
});

describe('An SMTP server that', () => {
  it('refuses connections for minutes gets every mail soon after, and each mail says what it waits for', async () => {
    await site.smtp.down();
    const begin = Date.now();
    const emails = await site.register('refused', 20);
    const saysWhy = async () =>
      (await site.mails(emails)).every(({ state, reason }) => state === 'queued' && /ECONNREFUSED/.test(reason ?? ''));
    await eventually('every mail says why it waits', saysWhy);
    expect(await site.health()).toMatchObject(DEGRADED);
    await sleep(AWAY_MS - (Date.now() - begin));

    await site.smtp.up();
    const ms = await site.allSent(emails);
    const tries = (await site.mails(emails)).reduce((sum, { attempts }) => sum + attempts, 0);
    const duplicates = site.smtp.duplicates(emails);
    report(
      `away for ${AWAY_MS / 1000} s: all 20 left ${ms} ms after its return, with ${tries} tries and ${duplicates} duplicates`,
    );
    expect(duplicates).toBe(0);
    expect(await site.health()).toMatchObject({ status: 'up' });
  });

  it('answers 451 at first gets each mail later, once', async () => {
    await site.smtp.up({ refuse: (_address, tries) => (tries === 1 ? 451 : undefined) });
    const emails = await site.register('greylisted', 10);
    const isPutOff = async () => (await site.mails(emails)).every(({ attempts }) => attempts > 0);
    await eventually('every mail tried', isPutOff);
    const [waiting] = (await site.mails(emails)).filter(({ state }) => state === 'queued');
    if (waiting) expect(waiting).toMatchObject({ reason: '451 not now, or never: 451', answer: null });

    const ms = await site.allSent(emails);
    const mails = await site.mails(emails);
    expect(mails.map(({ attempts }) => attempts)).toEqual(emails.map(() => 2));
    report(`451 to each at first: all 10 left after ${ms} ms more, with ${site.smtp.duplicates(emails)} duplicates`);
    expect(site.smtp.duplicates(emails)).toBe(0);
  });

  it('answers 550 is not asked again, and does not hold up the others', async () => {
    await site.smtp.up({ refuse: (address) => (address.startsWith('unknown') ? 550 : undefined) });
    const [unknown, ...others] = [...(await site.register('unknown', 1)), ...(await site.register('known', 5))];
    await site.allSent(others);
    const failed = async () => (await site.mails([unknown!]))[0]?.state === 'failed';
    await eventually('the mail given up', failed);
    expect(await site.mails([unknown!])).toEqual([
      expect.objectContaining({
        state: 'failed',
        attempts: 1,
        reason: '550 not now, or never: 550',
        nextAttemptAt: null,
      }),
    ]);
    await sleep(6000);
    expect(site.smtp.recipientTries.get(unknown!)).toBe(1);
    expect(await site.health()).toMatchObject({ status: 'up' });
  });

  it('keeps its greeting and each answer to itself for a minute gets each mail once', async () => {
    await site.smtp.up({ tarpitMs: TARPIT_MS });
    const emails = await site.register('tarpit', 5);
    const ms = await site.allSent(emails);
    expect((await site.mails(emails)).map(({ attempts }) => attempts)).toEqual(emails.map(() => 1));
    const duplicates = site.smtp.duplicates(emails);
    report(`tarpit of ${TARPIT_MS / 1000} s, twice: all 5 left after ${ms} ms, with ${duplicates} duplicates`);
    expect(duplicates).toBe(0);
  });

  it('hangs up before its answer to a mail gets it again under the same Message-ID, which is all that SMTP allows', async () => {
    await site.smtp.up({ hangUp: (times) => times === 1 });
    const emails = await site.register('dropped', 10);
    const isPutOff = async () => (await site.mails(emails)).every(({ attempts }) => attempts > 0);
    await eventually('every mail tried', isPutOff);
    const [waiting] = (await site.mails(emails)).filter(({ state }) => state === 'queued');
    if (waiting)
      expect(waiting.reason).toMatch(/^the connection ended after the mail, before its answer: it may have arrived/);

    const ms = await site.allSent(emails);
    const duplicates = site.smtp.duplicates(emails);
    report(
      `hung up on each mail at first: all 10 left after ${ms} ms more; the server had ${duplicates} of them twice`,
    );
    // One for each answer that did not come, and not one more.
    expect(duplicates).toBe(10);
  });
});

describe('An SMTP server whose URL says TLS', () => {
  let secured: Site;
  afterAll(() => secured.stop());

  it('gets no mail without it, none with a certificate that nobody vouches for, and each with a good one', async () => {
    secured = await Site.start(home, (smtp) => `${smtp.url('smtp', 'localhost')}?requireTLS=true`, {
      NODE_EXTRA_CA_CERTS: CA_FILE,
    });
    const { smtp } = secured;
    const emails = await secured.register('encrypted', 5);
    const saysWhy = (pattern: RegExp) => async () =>
      (await secured.mails(emails)).every(({ state, reason }) => state === 'queued' && pattern.test(reason ?? ''));
    await eventually('every mail says that there is no TLS', saysWhy(/STARTTLS/), PATIENCE_MS);
    report(`without TLS: ${(await secured.mails(emails))[0]?.reason}`);
    expect(await secured.health()).toMatchObject(DEGRADED);

    await smtp.up({ tls: { at: 'STARTTLS', certificate: 'bad' } });
    await eventually('every mail says that the certificate is bad', saysWhy(/certificate/), PATIENCE_MS);
    report(`a bad certificate: ${(await secured.mails(emails))[0]?.reason}`);
    expect(await secured.health()).toMatchObject(DEGRADED);
    expect(smtp.delivered).toEqual([]);

    await smtp.up({ tls: { at: 'STARTTLS', certificate: 'good' } });
    const ms = await secured.allSent(emails);
    report(`a good certificate: all 5 left after ${ms} ms, with ${smtp.duplicates(emails)} duplicates`);
    expect(smtp.delivered.map(({ wasEncrypted }) => wasEncrypted)).toEqual(emails.map(() => true));
    expect(smtp.duplicates(emails)).toBe(0);
  });

  it('from the first byte on (smtps) is held to the same', async () => {
    const { smtp } = secured;
    const [, port] = /:(\d+)$/.exec(smtp.url()) ?? [];
    await smtp.up({ tls: { at: 'once', certificate: 'bad' } });
    const server = await RosterProcess.start(home, {
      DATABASE_URL: secured.database.url,
      SMTP_URL: `smtps://localhost:${port}`,
      SECRET_KEY: 'k3yZ'.repeat(12),
      NODE_EXTRA_CA_CERTS: CA_FILE,
    });
    await server.until(() => server.stdout.includes('the SMTP server is unavailable'));
    expect(server.stdout).toMatch(/certificate/);
    await smtp.up({ tls: { at: 'once', certificate: 'good' } });
    await eventually('mail', async () => {
      const { body } = await server.api.get('/health/ready').expect(200);
      return (body as { status: string }).status === 'up';
    });
    await server.kill('SIGTERM');
  });
});
