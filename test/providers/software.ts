import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installPython } from '../support/python.js';

const run = promisify(execFile);
const HERE = resolve('test/providers');
const CACHE = resolve('node_modules/.cache');
const KEYCLOAK = 'org.keycloak:keycloak-quarkus-dist:26.7.3:tar.gz';
// Keycloak compiles itself at its first start.
const START_PATIENCE_MS = 900_000;

/** A provider of OpenID Connect that somebody else wrote, as a program of its own. */
export interface ForeignProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * Signs in there as a person does in a browser.
   * @param url where the client sent the browser
   * @param person a name that the provider knows
   * @returns where the provider sends the browser back to, with its answer
   */
  signIn(url: string, person: string): Promise<URL>;
  stop(): Promise<void>;
}

const CLIENT = { clientId: 'roster', clientSecret: 'a-secret-of-the-client' };
export const KEYCLOAK_PASSWORDS: Readonly<Record<string, string>> = {
  ada: 'enchantress of numbers',
  bob: 'so late into the night',
};

/**
 * Keycloak from Maven Central, with the people of `keycloak-realm.json`: ada, whose address is verified, and bob, whose is not.
 * @throws Error saying what is missing
 */
export async function startKeycloak(): Promise<ForeignProvider> {
  const program = await installKeycloak();
  const home = mkdtempSync(join(tmpdir(), 'roster-keycloak-'));
  const port = await freePort();
  await run('cp', ['-r', `${program}/.`, home]);
  mkdirSync(join(home, 'data/import'), { recursive: true });
  copyFileSync(join(HERE, 'keycloak-realm.json'), join(home, 'data/import/people-realm.json'));
  const options = ['--http-host', '127.0.0.1', '--http-port', String(port), '--import-realm'];
  const child = start(join(home, 'bin/kc.sh'), ['start-dev', ...options], home, { JAVA_OPTS_APPEND: '-Xmx512m' });
  const issuer = `http://127.0.0.1:${port}/realms/people`;
  await discoverable('Keycloak', issuer, child, home);
  return {
    ...{ issuer, ...CLIENT },
    signIn: async (url, person) => {
      const page = await new Cookies().get(url);
      const form = { username: person, password: KEYCLOAK_PASSWORDS[person] ?? '', credentialId: '' };
      return page.submit(form);
    },
    stop: () => stop(child, home),
  };
}

/** `oidc-provider-mock` of PyPI. Its people are the objects of claims given. @throws Error saying what is missing */
export async function startProviderMock(
  people: readonly ({ readonly sub: string } & Record<string, unknown>)[],
): Promise<ForeignProvider> {
  const python = await installPython('provider-mock', join(HERE, 'requirements.txt'));
  const home = mkdtempSync(join(tmpdir(), 'roster-provider-mock-'));
  const port = await freePort();
  const claims = people.flatMap((person) => ['--user-claims', JSON.stringify(person)]);
  const child = start(join(python, 'bin/oidc-provider-mock'), ['--port', String(port), ...claims], home);
  const issuer = `http://127.0.0.1:${port}`;
  await discoverable('oidc-provider-mock', issuer, child, home);
  return {
    ...{ issuer, ...CLIENT },
    signIn: async (url, person) => (await new Cookies().get(url)).submit({ sub: person }),
    stop: () => stop(child, home),
  };
}

/** `mockoidc`, a Go module: signs in this one person, always. @throws Error saying what is missing */
export async function startMockoidc({ sub, email }: { readonly sub: string; readonly email: string }) {
  const program = await buildMockoidc();
  const home = mkdtempSync(join(tmpdir(), 'roster-mockoidc-'));
  const child = start(program, [sub, email, CLIENT.clientId, CLIENT.clientSecret], home);
  const giveUpAt = Date.now() + START_PATIENCE_MS;
  let issuer = '';
  while (issuer === '') {
    if (child.exitCode !== null || Date.now() > giveUpAt) throw notStarting('mockoidc', home);
    await sleep(50);
    issuer = /^http\S+(?=\n)/.exec(readFileSync(join(home, 'output'), 'utf8'))?.[0] ?? '';
  }
  return {
    ...{ issuer, ...CLIENT },
    signIn: async (url: string) => (await new Cookies().get(url)).sentTo(),
    stop: () => stop(child, home),
  } satisfies ForeignProvider;
}

async function installKeycloak(): Promise<string> {
  const folder = join(CACHE, `keycloak-${KEYCLOAK.split(':')[2]}`);
  const done = join(folder, 'bin/kc.sh');
  if (existsSync(done)) return folder;
  const download = mkdtempSync(join(tmpdir(), 'roster-keycloak-'));
  try {
    const goal = ['dependency:copy', `-Dartifact=${KEYCLOAK}`, `-DoutputDirectory=${download}`];
    await run('mvn', ['--batch-mode', '--quiet', ...goal]);
    mkdirSync(folder, { recursive: true });
    const [archive] = (await run('ls', [download])).stdout.trim().split('\n');
    await run('tar', ['-xzf', join(download, archive ?? ''), '-C', folder, '--strip-components=1']);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const hint = 'It needs Java 17 and Maven (Debian: apt-get install default-jre-headless maven).';
    throw new Error(`Keycloak could not be installed. ${hint}`, { cause: error });
  } finally {
    rmSync(download, { recursive: true });
  }
  return folder;
}

async function buildMockoidc(): Promise<string> {
  const source = join(HERE, 'mockoidc');
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(source, file)));
  const program = join(CACHE, `mockoidc-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: source });
  } catch (error) {
    throw new Error('mockoidc needs Go 1.24 (Debian: apt-get install golang).', { cause: error });
  }
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const started = new Set<ChildProcess>();
process.once('exit', () => started.forEach(kill));

/** In a group of its own: what it starts itself ends with it. */
function start(command: string, args: readonly string[], home: string, environment: Record<string, string> = {}) {
  const { PATH, JAVA_HOME } = process.env;
  const env = { PATH, HOME: home, LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1', ...environment };
  const child = spawn(command, args, {
    cwd: home,
    env: { ...env, ...(JAVA_HOME !== undefined && { JAVA_HOME }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = createWriteStream(join(home, 'output'));
  child.stdout.pipe(output);
  child.stderr.pipe(output, { end: false });
  started.add(child);
  return child;
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone.
  }
}

async function stop(child: ChildProcess, home: string): Promise<void> {
  started.delete(child);
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  kill(child);
  await gone;
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

async function discoverable(name: string, issuer: string, child: ChildProcess, home: string): Promise<void> {
  const giveUpAt = Date.now() + START_PATIENCE_MS;
  while (!(await answers(`${issuer}/.well-known/openid-configuration`))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) throw notStarting(name, home);
    await sleep(200);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    // One that is starting may take the connection and never answer on it.
    return (await fetch(url, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

function notStarting(name: string, home: string): Error {
  return new Error(`${name} does not start:\n${readFileSync(join(home, 'output'), 'utf8').slice(-4000)}`);
}

/** A browser without script, as far as the forms of providers need one. */
class Cookies {
  private readonly jar = new Map<string, string>();

  async get(url: string): Promise<ProviderPage> {
    return this.ask(url, {});
  }

  async ask(url: string, init: RequestInit): Promise<ProviderPage> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: 'manual' });
    for (const header of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (name !== undefined && value !== undefined) this.jar.set(name, value);
    }
    return new ProviderPage(this, url, response, await response.text());
  }
}

class ProviderPage {
  constructor(
    private readonly cookies: Cookies,
    private readonly url: string,
    private readonly response: Response,
    private readonly text: string,
  ) {}

  /** Sends the page's form, and gives where that leads. */
  async submit(fields: Record<string, string>): Promise<URL> {
    const [, action] = /<form[^>]* action="([^"]*)"/.exec(this.text) ?? [];
    const target = new URL((action ?? '').replaceAll('&amp;', '&') || this.url, this.url);
    return (await this.cookies.ask(target.href, { method: 'POST', body: new URLSearchParams(fields) })).sentTo();
  }

  sentTo(): URL {
    const location = this.response.headers.get('location');
    if (location === null) throw new Error(`The provider answers ${this.response.status}: ${this.text.slice(0, 2000)}`);
    return new URL(location, this.url);
  }
}
