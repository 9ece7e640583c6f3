import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/process.js';
import { buildGo, CACHE, makeProgramHome, Program } from '../support/program.js';
import { installPython } from '../support/python.js';

const run = promisify(execFile);
const HERE = resolve('test/providers');
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
  const home = makeProgramHome('keycloak');
  const port = await freePort();
  await run('cp', ['-r', `${program}/.`, home]);
  mkdirSync(join(home, 'data/import'), { recursive: true });
  copyFileSync(join(HERE, 'keycloak-realm.json'), join(home, 'data/import/people-realm.json'));
  const options = ['--http-host', '127.0.0.1', '--http-port', String(port), '--import-realm'];
  const environment = { JAVA_OPTS_APPEND: '-Xmx512m' };
  const keycloak = Program.start('Keycloak', join(home, 'bin/kc.sh'), ['start-dev', ...options], home, environment);
  const issuer = `http://127.0.0.1:${port}/realms/people`;
  await discoverable(keycloak, issuer);
  return {
    ...{ issuer, ...CLIENT },
    signIn: async (url, person) => {
      const page = await new Cookies().get(url);
      const form = { username: person, password: KEYCLOAK_PASSWORDS[person] ?? '', credentialId: '' };
      return page.submit(form);
    },
    stop: () => keycloak.stop(),
  };
}

/** `oidc-provider-mock` of PyPI. Its people are the objects of claims given. @throws Error saying what is missing */
export async function startProviderMock(
  people: readonly ({ readonly sub: string } & Record<string, unknown>)[],
): Promise<ForeignProvider> {
  const python = await installPython('provider-mock', join(HERE, 'requirements.txt'));
  const home = makeProgramHome('provider-mock');
  const port = await freePort();
  const claims = people.flatMap((person) => ['--user-claims', JSON.stringify(person)]);
  const args = ['--port', String(port), ...claims];
  const mock = Program.start('oidc-provider-mock', join(python, 'bin/oidc-provider-mock'), args, home);
  const issuer = `http://127.0.0.1:${port}`;
  await discoverable(mock, issuer);
  return {
    ...{ issuer, ...CLIENT },
    signIn: async (url, person) => (await new Cookies().get(url)).submit({ sub: person }),
    stop: () => mock.stop(),
  };
}

/** `mockoidc`, a Go module: signs in this one person, always. @throws Error saying what is missing */
export async function startMockoidc({ sub, email }: { readonly sub: string; readonly email: string }) {
  const program = await buildGo('mockoidc', join(HERE, 'mockoidc'));
  const args = [sub, email, CLIENT.clientId, CLIENT.clientSecret];
  const mock = Program.start('mockoidc', program, args, makeProgramHome('mockoidc'));
  let issuer = '';
  await mock.until(() => (issuer = /^http\S+(?=\n)/.exec(mock.output)?.[0] ?? '') !== '', START_PATIENCE_MS);
  return {
    ...{ issuer, ...CLIENT },
    signIn: async (url: string) => (await new Cookies().get(url)).sentTo(),
    stop: () => mock.stop(),
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

function discoverable(program: Program, issuer: string): Promise<void> {
  return program.untilAnswers(`${issuer}/.well-known/openid-configuration`, START_PATIENCE_MS);
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
