import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox, tokenIn } from '../support/inbox.js';
import { freePort } from '../support/process.js';
import { ADMIN, PASSWORD } from '../support/roster.js';

const INSTALL_MS = 300_000;
const BIN = join(PACKAGE_ROOT, 'node_modules/.bin');
// As npm scripts see it, but for what npm says of the script that runs just now.
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name))),
  PATH: [BIN, process.env['PATH']].join(delimiter),
};

let folder: string;
let packed: string;
let database: TestDatabase;
let inbox: Inbox;
let server: ChildProcess;
let output = '';
let api: ReturnType<typeof supertest>;

async function npm(cwd: string, ...values: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', values, { cwd, env: ENVIRONMENT, timeout: INSTALL_MS });
  return stdout;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-embedded-'));
  const example = join(folder, 'example');
  const source = join(PACKAGE_ROOT, 'examples/embedded');
  cpSync(source, example, { recursive: true, filter: (path) => !/[/\\](node_modules|dist)$/.test(path) });
  await npm(PACKAGE_ROOT, 'pack', '--pack-destination', folder);
  packed = join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '');
  await npm(example, 'install', packed, '--prefer-offline', '--no-audit', '--no-fund');
  await npm(example, 'run', 'build');

  // Empty: what it needs of a schema, it makes by itself.
  database = await createTestDatabase('template0');
  inbox = await Inbox.start();
  const port = await freePort();
  server = spawn(join(BIN, 'node'), ['dist/main.js'], {
    cwd: example,
    env: {
      ...ENVIRONMENT,
      PORT: String(port),
      DATABASE_URL: database.url,
      SMTP_URL: inbox.url,
      SECRET_KEY: 'k3yZ'.repeat(12),
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
      BCRYPT_COST: '4',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [server.stdout, server.stderr]) stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
  api = supertest(`http://127.0.0.1:${port}`);
  const giveUpAt = Date.now() + 40_000;
  while (!(await answers(port))) {
    if (server.exitCode !== null || Date.now() > giveUpAt) throw new Error(`The example does not start:\n${output}`);
    await sleep(50);
  }
}, 2 * INSTALL_MS);

afterAll(async () => {
  if (server.exitCode === null && server.signalCode === null) {
    server.kill('SIGTERM');
    await once(server, 'close');
  }
  await inbox.down();
  await database.drop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  );
const register = (email: string) => api.post('/auth/register').send({ email, password: PASSWORD });
const audit = async (email: string) =>
  (
    await database.query<{ type: string }>(
      `SELECT audit.type FROM acme_audit audit JOIN user_events event ON event.id = event_id
       JOIN users ON users.id = audit.user_id WHERE email = $1 ORDER BY user_version`,
      [email],
    )
  ).map(({ type }) => type);
const rows = async () =>
  database.query(`SELECT (SELECT count(*) FROM acme_audit) AS audit, (SELECT count(*) FROM user_events) AS events`);
const login = async (identifier: string, password: string) => {
  const { body } = await api.post('/auth/login').send({ identifier, password }).expect(200);
  return { authorization: `Bearer ${(body as { accessToken: string }).accessToken}` };
};

describe('the packed package', () => {
  it('brings no Nest of its own into an application that has one', () => {
    const own = join(folder, 'example/node_modules/roster/node_modules');
    const nests = existsSync(join(own, '@nestjs')) ? readdirSync(join(own, '@nestjs')) : [];
    expect(nests.filter((name) => ['common', 'core', 'platform-fastify'].includes(name))).toEqual([]);
  });

  it(
    'is refused by npm beside another Nest than it can share',
    async () => {
      const other = join(folder, 'nest-11');
      mkdirSync(other);
      const dependencies = { '@nestjs/common': '11', '@nestjs/core': '11', '@nestjs/platform-fastify': '11' };
      writeFileSync(join(other, 'package.json'), JSON.stringify({ private: true, dependencies }));
      await expect(npm(other, 'install', packed, '--package-lock-only', '--prefer-offline')).rejects.toThrow(
        /ERESOLVE[^]*peer @nestjs\/\S+@"\^12\S*" from roster@/,
      );
    },
    INSTALL_MS,
  );
});

describe('the example, built against the packed package', () => {
  it('refuses strangers before anything is written', async () => {
    const before = await rows();
    const { body } = await register('eve@elsewhere.example').expect(409);
    expect(body).toMatchObject({ code: 'refused-by-handler', detail: 'Please register with your Acme address.' });
    expect(await rows()).toEqual(before);
  });

  it('lets its own people in, with its own subject, and its audit row beside every event', async () => {
    await register('ada@acme.example').expect(202);
    const mail = await inbox.waitFor('ada@acme.example');
    expect(mail.email.subject).toBe('Welcome to Acme Desk: one click and you are in');
    await api
      .post('/auth/verify-email')
      .send({ token: tokenIn(mail) })
      .expect(200);
    expect(await audit('ada@acme.example')).toEqual([
      'user.created',
      'user.verification_token.created',
      'user.email_verified',
    ]);
    const [{ audit: audited, events } = { audit: '', events: '-' }] = (await rows()) as {
      audit: string;
      events: string;
    }[];
    expect(audited).toBe(events);
  });

  it('protects its own route with the roles of Roster', async () => {
    await api.get('/team').expect(401);
    const ada = await login('ada@acme.example', PASSWORD);
    const { body } = await api.get('/team').set(ada).expect(200);
    expect(body).toMatchObject({ role: 'AUTHENTICATED' });
    await api
      .post('/team/pair')
      .set(ada)
      .send({ usernames: ['one', 'two'] })
      .expect(403);
  });

  it('makes two users or none', async () => {
    const admin = await login(ADMIN.email, ADMIN.password);
    const before = await rows();
    await api
      .post('/team/pair')
      .set(admin)
      .send({ usernames: ['grace', 'grace'] })
      .expect(409);
    expect(await rows()).toEqual(before);
    await api
      .post('/team/pair')
      .set(admin)
      .send({ usernames: ['grace', 'kay'] })
      .expect(201);
    const made = await database.query('SELECT nickname FROM users WHERE username IS NOT NULL ORDER BY username');
    expect(made).toEqual([{ nickname: 'Acme grace' }, { nickname: 'Acme kay' }]);
  });

  it('ends by itself when it is told to', async () => {
    server.kill('SIGTERM');
    await once(server, 'close');
    expect(output).not.toMatch(/error/i);
  });
});
