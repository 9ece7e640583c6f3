import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import type { Finding } from '../../src/operator/doctor/finding.js';
import { type CommandResult, runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { NameServer } from '../support/name-server.js';
import { freePort } from '../support/process.js';
import { insertUserRows } from '../support/user-rows.js';

const role = `doctor_${randomBytes(6).toString('hex')}`;
const PASSWORD = 'x9';
const SECRET_KEY = randomBytes(36).toString('base64');
const DOMAIN = 'good.test';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const DKIM_PRIVATE_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PUBLISHED = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

let database: TestDatabase;
let inbox: Inbox;
let names: NameServer;
beforeAll(async () => {
  database = await createTestDatabase();
  await asSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  inbox = await Inbox.start();
  names = await NameServer.start({
    [`A accounts.${DOMAIN}`]: ['127.0.0.1'],
    [`TXT ${DOMAIN}`]: ['another=record', 'v=spf1 include:spf.provider.test -all'],
    [`TXT _dmarc.${DOMAIN}`]: ['v=DMARC1; p=reject'],
    [`TXT ours._domainkey.${DOMAIN}`]: [`v=DKIM1; k=rsa; p=${PUBLISHED}`],
  });
  const made = await runCommand(['migrate'], { ...whole(), MIGRATION_DATABASE_URL: database.url });
  expect(made).toMatchObject({ code: 0 });
  // Makes the keys.
  expect(await runCommand(['verify'], whole())).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await names.stop();
  await inbox.down();
  await database.drop();
  await asSuperuser(`DROP ROLE ${role}`);
});

async function asSuperuser(sql: string): Promise<void> {
  const url = Object.assign(new URL(database.url), { username: 'postgres', pathname: '/postgres' });
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const databaseUrl = (password = PASSWORD) => Object.assign(new URL(database.url), { username: role, password }).href;
/** As production should be. */
const whole = (): Record<string, string> => ({
  NODE_ENV: 'production',
  DATABASE_URL: databaseUrl(),
  SECRET_KEY,
  SMTP_URL: inbox.url,
  MAIL_FROM: `Roster <no-reply@${DOMAIN}>`,
  DKIM_DOMAIN: DOMAIN,
  DKIM_SELECTOR: 'ours',
  DKIM_PRIVATE_KEY,
  ADMIN_EMAIL: `admin@${DOMAIN}`,
  PUBLIC_URL: `https://accounts.${DOMAIN}`,
  BCRYPT_COST: '10',
});

/** For `NODE_OPTIONS`, which ends at a space. */
function clockAhead(ms: number): string {
  const code = `const real = Date.now; Date.now = () => real() + ${ms};`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

interface Examined extends CommandResult {
  readonly findings: readonly Finding[];
  /** What is not `ok`, as `state about`. */
  readonly wrong: readonly string[];
}

async function doctor(broken: Record<string, string> = {}, ...options: string[]): Promise<Examined> {
  const dns = options.includes('--dns') ? [] : ['--dns', names.address];
  const result = await runCommand(['doctor', '--json', ...dns, ...options], { ...whole(), ...broken });
  const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
  const wrong = findings
    // Nothing listens at PUBLIC_URL, and a busy machine hashes slowly.
    .filter(({ state, about }) => state !== 'ok' && !['PUBLIC_URL', 'certificate', 'hashing'].includes(about))
    .map(({ state, about }) => `${state} ${about}`);
  // What is wrong with a setting says what was expected.
  for (const { about, state, advice } of findings) {
    if (state === 'failed' && about !== 'settings') expect(advice).toBeDefined();
  }
  return { ...result, findings, wrong };
}

const textOf = ({ findings }: Examined, about: string) =>
  findings
    .filter((finding) => finding.about === about)
    .map(({ seen, expected, advice }) => [seen, expected, advice].join(' | '))
    .join('\n');

describe('The doctor', () => {
  it('finds nothing wrong with what is whole, and changes nothing', async () => {
    const before = await database.query('SELECT count(*) FROM user_events');
    const seen = await doctor();
    expect([seen.wrong, seen.code]).toEqual([[], 0]);
    expect(seen.findings.map(({ about }) => about)).toEqual(
      expect.arrayContaining([
        'settings',
        'database',
        'rights',
        'migrations',
        'keys',
        'clock',
        'connections',
        'queues',
      ]),
    );
    expect(textOf(seen, 'rights')).toContain('may not change the log');
    expect(textOf(seen, 'SMTP')).toContain(`takes mails from no-reply@${DOMAIN}`);
    expect(textOf(seen, 'DNS')).toContain('DKIM key at ours._domainkey.good.test is ours');
    expect(inbox.mails).toHaveLength(0);
    expect(await database.query('SELECT count(*) FROM user_events')).toEqual(before);
  });

  it('says the same in lines, with no secret, and sends a mail where it is asked to', async () => {
    const result = await runCommand(['doctor', '--dns', names.address, '--mail', 'me@example.com'], whole());
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/^ok {7}database {5}PostgreSQL \d+/m);
    expect(result.stdout).toContain('a mail to me@example.com was accepted');
    expect(result.stdout).toContain('Nothing failed');
    const { email } = await inbox.waitFor('me@example.com');
    expect(email.subject).toBe('Roster: mails arrive');
    for (const secret of [SECRET_KEY, `:${PASSWORD}@`, 'PRIVATE KEY']) {
      expect(result.stdout + result.stderr).not.toContain(secret);
    }
  });

  it('shows the last administrator no riddle: every option is described', async () => {
    const { stdout } = await runCommand(['doctor', '--help'], {});
    for (const option of ['--mail', '--dns', '--json']) expect(stdout).toContain(option);
  });
});

describe('Of broken set-ups, the doctor names', () => {
  it('1. a wrong password of the database, and goes on with the rest', async () => {
    const seen = await doctor({ DATABASE_URL: databaseUrl('wrong') });
    expect([seen.wrong, seen.code]).toEqual([['failed database'], 1]);
    expect(textOf(seen, 'database')).toMatch(/password authentication failed .* correct user and password/);
    expect(textOf(seen, 'SMTP')).toContain('takes mails');
  });

  it('2. a database that is read-only', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    try {
      const seen = await doctor();
      expect([seen.wrong, seen.code]).toEqual([['failed database'], 1]);
      expect(textOf(seen, 'database')).toContain('read-only');
    } finally {
      await database.query('SET default_transaction_read_only = off');
      await asSuperuser(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    }
  });

  it('3. a role that lacks a right, and how it gets it', async () => {
    await database.query(`REVOKE UPDATE ON users FROM ${role}`);
    try {
      const seen = await doctor();
      expect([seen.wrong, seen.code]).toEqual([['failed rights'], 1]);
      expect(textOf(seen, 'rights')).toMatch(/lacks UPDATE on users .* roster -- migrate/);
    } finally {
      await database.query(`GRANT UPDATE ON users TO ${role}`);
    }
  });

  it('and warns of a role that owns the log', async () => {
    const seen = await doctor({ DATABASE_URL: database.url });
    expect([seen.wrong, seen.code]).toEqual([['warning rights'], 0]);
    expect(textOf(seen, 'rights')).toContain('owns the schema');
  });

  it('4. migrations that are missing', async () => {
    const [last] = await database.query<{ timestamp: string; name: string }>(
      'DELETE FROM migrations WHERE timestamp = (SELECT max(timestamp) FROM migrations) RETURNING timestamp, name',
    );
    try {
      const seen = await doctor();
      expect([seen.wrong, seen.code]).toEqual([['failed migrations'], 1]);
      expect(textOf(seen, 'migrations')).toContain(`1 are missing, the first is ${last!.timestamp}`);
    } finally {
      await database.query('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [last!.timestamp, last!.name]);
    }
  });

  it('5. a mail server that refuses the password, and one that refuses the sender', async () => {
    const strict = await smtpServer();
    try {
      const seen = await doctor({ SMTP_URL: strict.url('mailer', 'wrong') });
      expect([seen.wrong, seen.code]).toEqual([['failed SMTP'], 1]);
      expect(textOf(seen, 'SMTP')).toMatch(/535.* user and password in SMTP_URL/);
      expect(textOf(seen, 'SMTP')).not.toContain('wrong');
      const sender = await doctor({ SMTP_URL: strict.url('mailer', 'right') });
      expect([sender.wrong, sender.code]).toEqual([['failed SMTP'], 1]);
      expect(textOf(sender, 'SMTP')).toMatch(/not verified.*MAIL_FROM/);
    } finally {
      await strict.stop();
    }
  });

  it('6. a mail server without the encryption that is demanded', async () => {
    const seen = await doctor({ SMTP_URL: `${inbox.url}?requireTLS=true` });
    expect([seen.wrong, seen.code]).toEqual([['failed SMTP'], 1]);
    expect(textOf(seen, 'SMTP')).toContain('offers no encryption');
  });

  it('7. brokers and Redis that are down', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const seen = await doctor({
      KAFKA_BROKERS: nobody,
      AMQP_URL: `amqp://roster:s3cret-word@${nobody}`,
      REDIS_URL: `redis://${nobody}`,
    });
    expect([seen.wrong, seen.code]).toEqual([['failed Kafka', 'failed RabbitMQ', 'failed Redis'], 1]);
    expect(seen.stdout + seen.stderr).not.toContain('s3cret-word');
  });

  it('8. a clock that is five minutes ahead', async () => {
    const seen = await doctor({ NODE_OPTIONS: clockAhead(300_000) });
    expect([seen.wrong, seen.code]).toEqual([['failed clock'], 1]);
    expect(textOf(seen, 'clock')).toMatch(/this machine is (299|300)\.\d s ahead of the database/);
  });

  it('9. links that lead to no host', async () => {
    const seen = await doctor({ PUBLIC_URL: 'https://nowhere.test' });
    expect([seen.wrong, seen.code]).toEqual([['failed DNS'], 1]);
    expect(textOf(seen, 'DNS')).toContain('nowhere.test, the host of PUBLIC_URL, does not exist');
  });

  it('10. a sender without SPF and DMARC, and a DKIM key that is another', async () => {
    const seen = await doctor({ MAIL_FROM: 'no-reply@bare.test', DKIM_SELECTOR: 'old' });
    expect([seen.wrong, seen.code]).toEqual([['warning DNS', 'warning DNS', 'failed DNS'], 1]);
    expect(textOf(seen, 'DNS')).toMatch(/no SPF record[^]*no DMARC record[^]*no DKIM key at old\._domainkey/);
  });

  it('11. a secret key that is weak, and one that is not that of the database', async () => {
    const weak = await doctor({ SECRET_KEY: 'k3yZ'.repeat(12) });
    expect([weak.wrong, weak.code]).toEqual([['failed settings', 'failed keys'], 1]);
    expect(textOf(weak, 'settings')).toContain('SECRET_KEY is weak');
    const other = await doctor({ SECRET_KEY: randomBytes(36).toString('base64') });
    expect([other.wrong, other.code]).toEqual([['failed keys'], 1]);
  });

  it('12. every wrong setting at once, and what is wrong besides', async () => {
    const seen = await doctor({
      BCRYPT_COST: '99',
      ACCESS_TOKEN_TTL: 'soon',
      SMTP_URL: `${inbox.url}?requireTLS=true`,
    });
    expect([seen.wrong, seen.code]).toEqual([
      ['failed settings', 'failed settings', 'unknown settings', 'failed SMTP'],
      1,
    ]);
    expect(textOf(seen, 'settings')).toMatch(/BCRYPT_COST: [^]*ACCESS_TOKEN_TTL: |ACCESS_TOKEN_TTL: [^]*BCRYPT_COST: /);
  });

  it('13. mails that stand', async () => {
    const [user] = await insertUserRows(database, [{ createdAt: new Date() }]);
    await database.query(
      `INSERT INTO mails (id, user_id, template, recipient, trace_id, state, created_at, last_error)
       VALUES (gen_random_uuid(), $1, 'verify-email', 'ada@example.com', 't', 'queued', now() - interval '1 hour', 'it is full')`,
      [user],
    );
    try {
      const seen = await doctor();
      expect([seen.wrong, seen.code]).toEqual([['warning queues'], 0]);
      expect(textOf(seen, 'queues')).toContain('1 mails wait for more than five minutes; the last reason: it is full');
    } finally {
      await database.query('DELETE FROM mails');
    }
  });
});

describe('The certificate of PUBLIC_URL', () => {
  const TLS = join(PACKAGE_ROOT, 'test/fixtures/tls');

  async function seenOf(owner: string, environment: Record<string, string> = {}): Promise<Examined> {
    const [key, cert] = [`${owner}-key.pem`, `${owner}.pem`].map((file) => readFileSync(join(TLS, file)));
    const server = createServer({ key, cert }, (_request, response) => {
      response.writeHead(200, { 'x-trace-id': 'a' }).end('{}');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const PUBLIC_URL = `https://localhost:${(server.address() as AddressInfo).port}`;
    const seen = await doctor({ PUBLIC_URL, NODE_EXTRA_CA_CERTS: join(TLS, 'ca.pem'), ...environment });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    return seen;
  }

  it('is trusted, and Roster answers behind it', async () => {
    const seen = await seenOf('localhost');
    expect(textOf(seen, 'certificate')).toMatch(/^that of localhost lasts until 2126-10-28, \d+ days/);
    expect(textOf(seen, 'PUBLIC_URL')).toContain('Roster answers at https://localhost:');
    expect(seen.code).toBe(0);
  });

  it('is not trusted, or has expired', async () => {
    const strange = await seenOf('stranger');
    expect(textOf(strange, 'certificate')).toMatch(/^that of localhost is not trusted: /);
    expect(strange.code).toBe(1);
    // A hundred years from now.
    const late = await seenOf('localhost', { NODE_OPTIONS: clockAhead(100 * 366 * 86_400_000) });
    expect(textOf(late, 'certificate')).toMatch(/^that of localhost has expired on 2126-10-28/);
  });
});

describe('A name server that does not answer', () => {
  it('is no fault of what was asked for', async () => {
    const silent = await NameServer.start({}, true);
    const seen = await doctor({}, '--dns', silent.address);
    expect([new Set(seen.wrong), seen.code]).toEqual([new Set(['unknown DNS']), 0]);
    expect(silent.asked).toContain(`accounts.${DOMAIN}`);
    // Somebody waits meanwhile.
    expect(seen.stderr).toContain('... asking the name server');
    await silent.stop();
  });
});

async function smtpServer() {
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 20,
    onAuth: ({ password }, _session, done) =>
      password === 'right'
        ? done(null, { user: 'mailer' })
        : done(Object.assign(new Error('535 5.7.8 no'), { responseCode: 535 })),
    onMailFrom: (_address, _session, done) =>
      done(Object.assign(new Error('5.7.1 the sender is not verified'), { responseCode: 553 })),
  });
  server.on('error', () => undefined);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: (user: string, password: string) => `smtp://${user}:${password}@127.0.0.1:${port}`,
    stop: () => new Promise<void>((closed) => server.close(closed)),
  };
}
