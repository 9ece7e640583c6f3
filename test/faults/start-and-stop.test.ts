import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { eventually, type Home, isFree, kill, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';

const HALF_A_REQUEST = 'POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n';

let home: Home;
let adminPassword = '';

beforeAll(() => void (home = makeHome()));
afterAll(async () => {
  await RosterProcess.killAll();
  home.remove();
});

describe('A server with nothing set', () => {
  it('says where everything is and how the admin signs in, and ends in order on SIGTERM', async () => {
    const server = await RosterProcess.start(home);
    expect(server.said('API')).toBe(`http://localhost:${server.port}`);
    expect(server.said('Sign in')).toBe(`http://localhost:${server.port}/sign-in`);
    expect(server.said('Docs')).toBe(`http://localhost:${server.port}/docs`);
    await supertest(server.said('Docs')).get('').redirects(1).expect(200);
    await supertest(server.said('Mailbox')).get('/').expect(200);
    const [, email, password = ''] =
      /^(\S+) {2}password (\S+) {2}\(shown only once\)$/.exec(server.said('Admin')) ?? [];
    adminPassword = password;
    expect(email).toBe('admin@localhost');
    await server.signIn('admin@localhost', adminPassword);
    const [psql = ''] = /PGPASSWORD=.* psql .*$/m.exec(server.stdout) ?? [];
    const counted = execFileSync('sh', ['-c', `${psql} -Atc 'SELECT email FROM users'`], {
      encoding: 'utf8',
      env: { PATH: [process.env['PG_BIN'], process.env['PATH']].filter(Boolean).join(delimiter) },
    });
    expect(counted).toBe('admin@localhost\n');
    await server.api.post('/auth/register').send({ email: 'kept@example.com', password: PASSWORD }).expect(202);
    const mailbox = Number(new URL(server.said('Mailbox')).port);

    const { code, ms } = await server.kill('SIGTERM');

    report(`SIGTERM to exit: ${ms} ms`);
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    expect(home.postgresProcesses()).toEqual([]);
    expect(await Promise.all([isFree(server.port), isFree(mailbox)])).toEqual([true, true]);
  });

  it('says the password once, keeps its data, and ends in order on SIGINT though a client is half-way through a request', async () => {
    const server = await RosterProcess.start(home);
    expect(server.said('Admin')).toBe('');
    expect(server.stdout).not.toContain(adminPassword);
    await expectEverythingThere(server);

    const idle = await openConnection(server.port, 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
    const half = await openConnection(server.port, `${HALF_A_REQUEST}{`);

    const { code, ms } = await server.kill('SIGINT');

    report(`SIGINT to exit with half a request on its way: ${ms} ms`);
    idle.destroy();
    half.destroy();
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    expect(home.postgresProcesses()).toEqual([]);
    expect(await isFree(server.port)).toBe(true);
  });
});

describe('A server that was killed', () => {
  it('leaves no PostgreSQL behind for long, and starts again with its data', async () => {
    const killed = await RosterProcess.start(home);
    await killed.kill('SIGKILL');
    const ms = await eventually('the end of PostgreSQL', () => home.postgresProcesses().length === 0);
    report(`kill -9 of the server to the end of PostgreSQL: ${ms} ms`);

    const server = await RosterProcess.start(home);
    await expectEverythingThere(server);
    await server.kill('SIGKILL');
  });

  it('starts again at once with its data, though PostgreSQL had no time to stop', async () => {
    const begin = Date.now();
    const server = await RosterProcess.start(home);
    report(`kill -9 to running again: ${Date.now() - begin} ms`);
    await expectEverythingThere(server);

    const postmaster = home.postmaster();
    void server.kill('SIGKILL');
    kill(postmaster, 'SIGKILL');
    await server.exit();
  });

  it('starts again with its data after PostgreSQL was killed with it', async () => {
    const begin = Date.now();
    const server = await RosterProcess.start(home);
    report(`kill -9 of server and postmaster to running again: ${Date.now() - begin} ms`);
    await expectEverythingThere(server);
    await server.kill('SIGTERM');
  });
});

describe('SIGTERM while the server starts', () => {
  let fresh: Home;
  beforeAll(() => void (fresh = makeHome()));
  afterAll(() => fresh.remove());

  it.each([
    ['PostgreSQL is being prepared', (server: RosterProcess) => server.stdout.includes('Preparing PostgreSQL')],
    ['PostgreSQL has just come up', () => isReady(fresh)],
    ['the application is being put together', (server: RosterProcess) => server.stdout.includes('database migrated')],
  ])('leaves nothing running when %s', async (_when, condition) => {
    const server = await RosterProcess.launch(fresh);
    await server.until(() => condition(server));

    const { code, ms } = await server.kill('SIGTERM');

    report(`SIGTERM to exit: ${ms} ms, exit code ${code}`);
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    expect(server.stdout).not.toContain('Roster is running');
    await eventually('the end of PostgreSQL', () => fresh.postgresProcesses().length === 0);
    expect(await isFree(server.port)).toBe(true);
  });
});

/** The registration of the first start is in the database, and the admin of the first start signs in. */
async function expectEverythingThere(server: RosterProcess): Promise<void> {
  await server.signIn('admin@localhost', adminPassword);
  await server.api.post('/auth/login').send({ identifier: 'kept@example.com', password: PASSWORD }).expect(403);
}

async function openConnection(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

function isReady({ path }: Home): boolean {
  try {
    return /^ready/m.test(readFileSync(join(path, '.data/postgres/cluster/data/postmaster.pid'), 'utf8'));
  } catch {
    return false;
  }
}
