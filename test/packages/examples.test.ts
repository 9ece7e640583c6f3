import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/process.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

const INSTALL_MS = 300_000;
const BIN = join(PACKAGE_ROOT, 'node_modules/.bin');
// As npm scripts see it, but for what npm says of the script that runs just now.
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name))),
  PATH: [BIN, process.env['PATH']].join(delimiter),
};

let roster: Roster;
let example: string;
let environment: Record<string, string | undefined>;
let admin: string;
const programs: ChildProcess[] = [];

async function npm(cwd: string, ...values: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', values, { cwd, env: ENVIRONMENT, timeout: INSTALL_MS });
  return stdout;
}
const as = (token: string) => ({ authorization: `Bearer ${token}` });
const made = async (path: string, body: object) =>
  (await roster.api.post(path).set(as(admin)).send(body).expect(201)).body as { id: string; key: string };

beforeAll(async () => {
  example = mkdtempSync(join(tmpdir(), 'roster-services-'));
  const source = join(PACKAGE_ROOT, 'examples/services');
  cpSync(source, example, { recursive: true, filter: (path) => !/[/\\](node_modules|dist)$|\.tgz$/.test(path) });
  for (const name of ['verify', 'client']) {
    await npm(join(PACKAGE_ROOT, 'packages', name), 'pack', '--pack-destination', example);
  }
  const packed = readdirSync(example).filter((file) => file.endsWith('.tgz'));
  await npm(example, 'install', ...packed.map((file) => `./${file}`), '--prefer-offline', '--no-audit', '--no-fund');
  await npm(example, 'run', 'build');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  roster = await startRoster({ PUBLIC_URL: url, PORT: String(port) });
  admin = await roster.signIn();
  const { id } = await made('/service-accounts', { name: 'Shop', role: 'AUTHENTICATED' });
  const { key } = await made(`/service-accounts/${id}/keys`, { name: 'shop' });
  environment = { ...ENVIRONMENT, ROSTER: url, ROSTER_KEY: key };
}, 2 * INSTALL_MS);
afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await roster.stop();
  rmSync(example, { recursive: true, force: true, maxRetries: 5 });
});

async function start(name: string, more: Record<string, string>): Promise<ChildProcess> {
  const file = join(example, 'dist', `${name}.js`);
  const env = { ...environment, ...more };
  const program = spawn(join(BIN, 'node'), [file], { cwd: example, env, stdio: ['ignore', 'pipe', 'inherit'] });
  programs.push(program);
  await once(program, 'spawn');
  return program;
}

describe.each(['express', 'fastify', 'nest'])('a service on %s, with the packed @roster/verify', (name) => {
  it('lets in whom Roster has signed in, as far as the role goes, until they are signed out', async () => {
    const port = String(await freePort());
    const program = await start(name, { PORT: port, MAX_LAG: '3000' });
    const orders = (token?: string, method = 'GET') =>
      fetch(`http://127.0.0.1:${port}/orders`, { method, headers: token === undefined ? {} : as(token) });
    await eventually(() =>
      orders().then(
        () => true,
        () => false,
      ),
    );

    const missing = await orders();
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await missing.json()).toMatchObject({ code: 'not-authenticated', status: 401 });

    const { id, token } = await roster.join(`${name}@example.com`);
    expect(await (await orders(token)).json()).toEqual({ of: id, role: 'AUTHENTICATED' });
    const forbidden = await orders(token, 'DELETE');
    expect([forbidden.status, await forbidden.json()]).toMatchObject([403, { code: 'forbidden' }]);
    expect((await orders(admin, 'DELETE')).status).toBe(204);

    await roster.api.post('/auth/logout').set(as(token)).expect(204);
    await eventually(async () => (await orders(token)).status === 401);
    expect((await orders(token)).headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect((await orders(admin)).status).toBe(200);
    program.kill('SIGKILL');
  });
});

describe('a program with the packed @roster/client', () => {
  it('signs in, refreshes once for several requests, and signs out', async () => {
    const { email: EMAIL, password: PASSWORD } = ADMIN;
    const program = await start('client', { EMAIL, PASSWORD });
    const lines = Buffer.concat((await program.stdout!.toArray()) as Buffer[]).toString();
    expect(lines.trim().split('\n')).toEqual([`signed in as ${EMAIL}`, 'refreshed true', 'signed out 401']);
  });
});
