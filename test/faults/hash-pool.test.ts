import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readProc } from '../support/proc.js';
import { eventually, type Home, kill, makeHome, RosterProcess } from '../support/process.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };

let home: Home;
beforeAll(() => void (home = makeHome()));
afterEach(() => RosterProcess.killAll());
afterAll(() => home.remove());

/** Ids of the hash workers of this checkout that run with this marked PATH. */
function workers(mark: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && readProc(pid, 'cmdline').includes('hash-worker.js'))
    .filter((pid) => readProc(pid, 'environ').includes(mark));
}

/** A server that has signed somebody in, so that it has a worker. */
async function start(mark: string): Promise<RosterProcess> {
  const PATH = `${process.env['PATH'] ?? ''}:/${mark}`;
  const server = await RosterProcess.start(home, { SECRET_KEY, ...ADMIN, PATH });
  await server.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
  expect(workers(mark)).toHaveLength(1);
  return server;
}

describe('the hash workers of a server', () => {
  it('are none before anybody signs in, know no secret, and are gone after SIGTERM', async () => {
    const idle = await RosterProcess.start(home, { SECRET_KEY, ...ADMIN, PATH: `${process.env['PATH'] ?? ''}:/idle` });
    expect(workers('/idle')).toEqual([]);
    await idle.kill('SIGTERM');

    const server = await start('ended');
    const [pid = 0] = workers('/ended');
    expect(readProc(pid, 'environ')).not.toContain(SECRET_KEY);
    const { code } = await server.kill('SIGTERM');
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(workers('/ended')).toEqual([]);
  });

  it('end by themselves when the server is killed', async () => {
    const server = await start('killed');
    await server.kill('SIGKILL');
    await eventually('the end of the workers', () => workers('/killed').length === 0);
  });

  it('say nothing when the server is killed while they hash for it', async () => {
    const server = await start('silent');
    const [pid = 0] = workers('/silent');
    process.kill(pid, 'SIGSTOP');
    const { ADMIN_EMAIL: identifier, ADMIN_PASSWORD: password } = ADMIN;
    const asked = fetch(`${server.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier, password }),
    }).catch(() => undefined);
    // The request is in the pipe to the worker, which stands still.
    await eventually('a hash', async () =>
      /^roster_password_hashes_busy 1$/m.test((await server.api.get('/metrics')).text),
    );
    const ended = server.kill('SIGKILL');
    await eventually('the end of the server', () => !server.alive);
    process.kill(pid, 'SIGCONT');
    await ended;
    await asked;
    expect(server.stderr).toBe('');
  });

  it('are replaced when they are killed', async () => {
    const server = await start('replaced');
    for (const pid of workers('/replaced')) kill(pid, 'SIGKILL');
    await server.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    expect(workers('/replaced')).toHaveLength(1);
    await eventually('a line about it', () => server.stdout.includes('hash worker exited unexpectedly'));
    await server.kill('SIGTERM');
  });
});
