import { randomBytes } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { makeProgramHome, Program } from '../../support/program.js';
import { fromDocs, withValues } from './from-docs.js';
import * as install from './install.js';

const START_PATIENCE_MS = 120_000;

/** What an application is told of the provider. */
interface Registration {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface RunningApplication {
  stop(): Promise<void>;
}

/** An application that signs people in by software that nobody here wrote. */
export interface Application {
  readonly name: string;
  readonly callback: string;
  /** Where it wants to be told that a session has ended; undefined where it has no such place. */
  readonly backchannelLogout?: string;
  install(): Promise<unknown>;
  start(registration: Registration, port: number): Promise<RunningApplication>;
}

export const APPLICATIONS: readonly Application[] = [
  {
    name: 'openid-client',
    callback: '/callback',
    backchannelLogout: '/backchannel-logout',
    install: install.installNpm,
    start: async (registration, port) => node('app.mjs', told(registration, port), registration, port),
  },
  {
    name: 'Auth.js',
    callback: '/auth/callback/roster',
    backchannelLogout: '/backchannel-logout',
    install: install.installNpm,
    start: async (registration, port) => {
      const { 'http://localhost:8080': _, ...values } = told(registration, port);
      const secret = { 'AUTH_SECRET, of 32 random bytes': randomBytes(32).toString('hex') };
      return node('auth.mjs', { ...values, ...secret }, registration, port);
    },
  },
  {
    name: "Apache's mod_auth_openidc",
    callback: '/openid',
    backchannelLogout: '/openid?logout=backchannel',
    install: async () => Promise.resolve(install.findApacheModules()),
    start: startApache,
  },
  {
    name: 'oauth2-proxy',
    callback: '/oauth2/callback',
    install: install.installOauth2Proxy,
    start: startOauth2Proxy,
  },
  {
    name: 'Spring Security',
    callback: '/login/oauth2/code/roster',
    backchannelLogout: '/logout/connect/back-channel/roster',
    install: install.installSpring,
    start: startSpring,
  },
  {
    name: 'Authlib',
    callback: '/callback',
    install: install.installAuthlib,
    start: async (registration, port) => {
      const home = makeProgramHome('authlib');
      writeFileSync(
        join(home, 'app.py'),
        withValues(fromDocs('app.py'), { ...told(registration, port), 'port=8080': `port=${port}` }),
      );
      return answering(Program.start('Authlib', await install.installAuthlib(), ['app.py'], home), port);
    },
  },
  {
    name: 'go-oidc',
    callback: '/callback',
    backchannelLogout: '/backchannel-logout',
    install: install.buildGoOidc,
    start: async ({ issuer, clientId, clientSecret }, port) => {
      const addresses = { ROSTER_URL: issuer, APP_URL: `http://localhost:${port}`, PORT: String(port) };
      const environment = { ...addresses, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
      const program = await install.buildGoOidc();
      return answering(Program.start('go-oidc', program, [], makeProgramHome('go-oidc'), environment), port);
    },
  },
];

/** The values of the page, and those of this run. */
function told({ issuer, clientId, clientSecret }: Registration, port: number): Record<string, string> {
  return {
    'http://localhost:3000': issuer,
    'http://localhost:8080': `http://localhost:${port}`,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
  };
}

async function node(
  file: string,
  values: Record<string, string>,
  { issuer }: Registration,
  port: number,
): Promise<Program> {
  const home = makeProgramHome('openid-application');
  symlinkSync(await install.installNpm(), join(home, 'node_modules'));
  writeFileSync(join(home, file), withValues(fromDocs(file), { ...values, 'listen(8080)': `listen(${port})` }));
  return answering(Program.start(`${file} at ${issuer}`, process.execPath, [file], home), port);
}

async function answering(program: Program, port: number): Promise<Program> {
  await program.untilAnswers(`http://localhost:${port}/`, START_PATIENCE_MS, () => true);
  return program;
}

async function startSpring(registration: Registration, port: number): Promise<Program> {
  const home = makeProgramHome('spring');
  const { 'http://localhost:8080': _, ...values } = told(registration, port);
  const settings = withValues(fromDocs('application.yaml'), { ...values, 'port: 8080': `port: ${port}` });
  writeFileSync(join(home, 'application.yaml'), settings);
  const options = ['-Xmx192m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dspring.main.banner-mode=off'];
  const args = [...options, '-cp', await install.installSpring(), 'application.Application'];
  return answering(Program.start('Spring', 'java', args, home), port);
}

async function startOauth2Proxy(registration: Registration, port: number): Promise<RunningApplication> {
  const home = makeProgramHome('oauth2-proxy');
  const behind = await startBehind((headers) => ({
    email: headers['x-forwarded-email'],
    role: headers['x-forwarded-groups'],
    until: headers['x-forwarded-access-token'],
  }));
  const settings = withValues(fromDocs('oauth2-proxy.cfg'), {
    ...told(registration, port),
    COOKIE_SECRET: randomBytes(16).toString('hex'),
    'cookie_refresh = "1m"': 'cookie_refresh = "2s"',
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:9000': `127.0.0.1:${behind.port}`,
  });
  writeFileSync(join(home, 'oauth2-proxy.cfg'), settings);
  const program = await install.installOauth2Proxy();
  const proxy = Program.start('oauth2-proxy', program, ['--config', 'oauth2-proxy.cfg'], home);
  await answering(proxy, port);
  return { stop: async () => Promise.all([proxy.stop(), behind.stop()]).then(() => undefined) };
}

async function startApache(registration: Registration, port: number): Promise<RunningApplication> {
  const modules = install.findApacheModules();
  const home = makeProgramHome('apache');
  const behind = await startBehind((headers) => ({
    email: headers['oidc_claim_email'],
    role: headers['oidc_claim_role'],
    until: headers['oidc_access_token_expires'],
  }));
  const load = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc', 'proxy', 'proxy_http'];
  const settings = withValues(fromDocs('openid.conf'), {
    ...told(registration, port),
    PASSPHRASE: randomBytes(32).toString('hex'),
  });
  const lines = [
    ...load.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
    ...['ServerName localhost', `ServerRoot ${home}`, `Listen 127.0.0.1:${port}`, `PidFile ${home}/pid`],
    ...[`ErrorLog ${home}/error.log`, 'LogLevel warn'],
    ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
    ...['ThreadsPerChild 8', 'StartServers 1', 'MinSpareThreads 1', 'MaxRequestWorkers 8', 'ServerLimit 1'],
    `ProxyPass / http://127.0.0.1:${behind.port}/`,
  ];
  writeFileSync(join(home, 'apache.conf'), `${lines.join('\n')}\n${settings}`);
  const args = ['-f', join(home, 'apache.conf'), '-DFOREGROUND'];
  const apache = Program.start('Apache', '/usr/sbin/apache2', args, home);
  await answering(apache, port);
  return { stop: async () => Promise.all([apache.stop(), behind.stop()]).then(() => undefined) };
}

type Seen = Record<'email' | 'role' | 'until', string | string[] | undefined>;

/** The service behind a proxy: says, as the other applications do, what the headers tell it. */
async function startBehind(read: (headers: NodeJS.Dict<string | string[]>) => Seen) {
  const server = createServer(({ headers }, response) => {
    const { email, role, until } = read(headers);
    response.end(`${String(email)} is ${String(role)}, until ${String(until)}`);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { port, stop };
}
