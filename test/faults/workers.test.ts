import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { readProc } from '../support/proc.js';
import { eventually, type Home, kill, makeHome, report, RosterProcess } from '../support/process.js';

jest.setTimeout(240_000);

const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };

let home: Home;
let database: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await database.drop();
  home.remove();
});

const settings = () => ({
  ...ADMIN,
  DATABASE_URL: database.url,
  SMTP_URL: 'smtp://127.0.0.1:1',
  SECRET_KEY: 'k3yZ'.repeat(12),
  RATE_LIMIT_ENABLED: 'false',
});

describe('npm start -- --workers 2', () => {
  let server: RosterProcess;
  beforeAll(async () => {
    server = await RosterProcess.start(home, settings(), ['--workers', '2']);
  });

  it('serves by two processes, that are one server to their clients', async () => {
    expect(server.said('Workers')).toBe('2');
    expect(server.workers()).toHaveLength(2);
    const token = await server.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.api.get('/users/me').set('authorization', `Bearer ${token}`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    // Each answers for both, whichever is asked.
    for (let time = 0; time < 3; time++) {
      const { text } = await server.api.get('/metrics').expect(200);
      expect(text).toMatch(/http_request_duration_seconds_count\{[^}]*route="\/users\/me"[^}]*\} 20$/m);
      expect(text).toMatch(/^roster_check_up\{check="database"\} 1$/m);
      expect(text).toMatch(/^roster_events_waiting 0$/m);
    }
  });

  it('replaces one that is killed, while the other serves', async () => {
    const [killed = 0, other] = server.workers();
    kill(killed, 'SIGKILL');
    await server.api.get('/health/ready').expect(200);
    const ms = await eventually('another one', () => server.workers().length === 2);
    report(`a worker killed, replaced after ${ms} ms`);
    expect(server.workers()).toContain(other);
    expect(server.workers()).not.toContain(killed);
    // One that starts has counted nothing yet.
    for (let time = 0; time < 5; time++) {
      const { status, text } = await server.api.get('/metrics');
      expect({ status, text }).toEqual({ status: 200, text: expect.stringMatching(/^roster_events_waiting 0$/m) });
    }
  });

  it('says that it has no metrics of all where one of them stands still', async () => {
    const [, stopped = 0] = server.workers();
    process.kill(stopped, 'SIGSTOP');
    try {
      const { status, body } = await server.api.get('/metrics');
      expect({ status, body }).toEqual({ status: 503, body: expect.objectContaining({ code: 'unavailable' }) });
    } finally {
      process.kill(stopped, 'SIGCONT');
    }
    // Deadlines of the one that stood still have passed, and its answer to the question before may come first.
    await eventually('metrics of all', async () => (await server.api.get('/metrics')).status === 200);
  });

  it('has one message where none of them can start', async () => {
    const late = await RosterProcess.launch(home, { ...settings(), PORT: String(server.port) }, ['--workers', '2']);
    expect(await late.exit()).toBe(1);
    expect(late.stderr.match(/is in use by another program/g)).toHaveLength(1);
  });

  it('ends all of them at SIGTERM, and with code 0', async () => {
    const pids = server.workers();
    expect((await server.kill('SIGTERM')).code).toBe(0);
    expect(server.stderr).toBe('');
    expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
  });

  it('leaves none when the first process is killed', async () => {
    const other = await RosterProcess.start(home, settings(), ['--workers', '2']);
    const pids = other.workers();
    await other.kill('SIGKILL');
    await eventually('nobody there', () => pids.every((pid) => !isAlive(pid)));
  });

  it('refuses what is no number of processes', async () => {
    const server = await RosterProcess.launch(home, settings(), ['--workers', 'many']);
    expect(await server.exit()).toBe(1);
    expect(server.stderr).toContain('--workers many: expected a whole number from 1 to 256');
  });
});

describe('npm start -- --workers 2 without services', () => {
  it('has one database and one mailbox of its own, and one admin whose password is shown', async () => {
    const server = await RosterProcess.start(home, {}, ['--workers', '2']);
    const [, email = '', password = ''] =
      /^(\S+) {2}password (\S+) {2}\(shown only once\)$/.exec(server.said('Admin')) ?? [];
    await server.signIn(email, password);
    // As Ctrl-C does: the terminal sends the signal to every process at once.
    for (const pid of server.workers()) process.kill(pid, 'SIGINT');
    expect((await server.kill('SIGINT')).code).toBe(0);
    expect(server.stderr).toBe('');
    expect(home.postgresProcesses()).toEqual([]);
  });
});

/** A zombie has ended. */
const isAlive = (pid: number) => /^State:\s+[^Z]/m.test(readProc(pid, 'status'));
