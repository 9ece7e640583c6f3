import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildGo, CACHE, versionOf } from '../../support/program.js';
import { installPython } from '../../support/python.js';
import { fromDocs } from './from-docs.js';

const OAUTH2_PROXY = 'v7.15.6';
const APPS = resolve('test/openid/apps');
const run = promisify(execFile);

/** The packages of npm, as the lock file names them. @returns the folder `node_modules` */
export async function installNpm(): Promise<string> {
  const files = ['package.json', 'package-lock.json'];
  const folder = join(CACHE, `openid-npm-${versionOf(...files.map((file) => join(APPS, file)))}`);
  await once(folder, 'npm has to reach its registry.', async () => {
    for (const file of files) copyFileSync(join(APPS, file), join(folder, file));
    // What npm says of the script that runs just now is not for this one.
    const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', ['ci', ...options], { cwd: folder, env: Object.fromEntries(inherited) });
  });
  return join(folder, 'node_modules');
}

/** Spring Boot with the program of the page. @returns the class path */
export async function installSpring(): Promise<string> {
  const pom = join(APPS, 'spring/pom.xml');
  const libraries = join(CACHE, `openid-spring-${versionOf(pom)}`);
  await once(
    libraries,
    'It needs Java 17 with its compiler, and Maven (Debian: default-jdk-headless maven).',
    async () => {
      const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${libraries}`, '-DincludeScope=runtime'];
      await run('mvn', ['--batch-mode', '--quiet', '--file', pom, ...goal]);
    },
  );
  const source = join(libraries, 'Application.java');
  writeFileSync(source, fromDocs('Application.java'));
  const classes = join(libraries, `classes-${versionOf(source)}`);
  await once(classes, 'It needs the compiler of Java 17 (Debian: default-jdk-headless).', async () => {
    await run('javac', ['-parameters', '-cp', `${libraries}/*`, '-d', classes, source]);
  });
  return `${classes}:${libraries}/*`;
}

/** Authlib and Flask. @returns the program of Python that knows them */
export async function installAuthlib(): Promise<string> {
  return join(await installPython('openid-authlib', join(APPS, 'requirements.txt')), 'bin/python');
}

/** The program of the page, built with go-oidc. */
export async function buildGoOidc(): Promise<string> {
  const source = join(CACHE, 'openid-go-oidc');
  mkdirSync(source, { recursive: true });
  for (const file of ['go.mod', 'go.sum']) copyFileSync(join(APPS, 'go-oidc', file), join(source, file));
  writeFileSync(join(source, 'main.go'), fromDocs('main.go'));
  return buildGo('openid-go-oidc-program', source);
}

/** Compiled from the module proxy: two minutes of a processor at the first time, nothing after that. */
export async function installOauth2Proxy(): Promise<string> {
  const folder = join(CACHE, `oauth2-proxy-${OAUTH2_PROXY}`);
  await once(folder, 'oauth2-proxy needs Go 1.26.', async () => {
    const env = { ...process.env, GOBIN: folder };
    await run('go', ['install', '-ldflags=-s -w', `github.com/oauth2-proxy/oauth2-proxy/v7@${OAUTH2_PROXY}`], { env });
  });
  return join(folder, 'oauth2-proxy');
}

/** @returns the folder of Apache's modules, that of OpenID Connect among them @throws Error saying what to install */
export function findApacheModules(): string {
  const folder = '/usr/lib/apache2/modules';
  if (existsSync(join(folder, 'mod_auth_openidc.so'))) return folder;
  throw new Error('Apache is missing. Install it (Debian: apt-get install apache2-bin libapache2-mod-auth-openidc).');
}

/** Fills a folder where that was not done to its end yet. */
async function once(folder: string, hint: string, fill: () => Promise<void>): Promise<void> {
  const done = join(folder, '.complete');
  if (existsSync(done)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await fill();
  } catch (error) {
    throw new Error(`Software for ${folder} could not be installed. ${hint}`, { cause: error });
  }
  writeFileSync(done, '');
}
