import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { Keyring } from '../../src/database/keyring.js';
import { eventually, freePort } from '../support/process.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

jest.setTimeout(90_000);

const INSTALL_MS = 300_000;
const BIN = join(PACKAGE_ROOT, 'node_modules/.bin');
// Without what npm says of the script that runs just now.
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name))),
  PATH: [BIN, process.env['PATH']].join(delimiter),
};
const run = promisify(execFile);

const PAGE = readFileSync(join(PACKAGE_ROOT, 'docs/tokens.md'), 'utf8');
const block = (language: string): string => new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(PAGE)![1]!;

/** What each program needs, installed once as its page says: in a folder that names the versions. */
const PROGRAMS = [
  {
    language: 'js',
    file: 'service.mjs',
    install: async (folder: string) => {
      writeFileSync(join(folder, 'package.json'), '{"private": true}');
      await run('npm', ['install', 'jose@6.2.18', '--no-audit', '--no-fund'], { cwd: folder, env: ENVIRONMENT });
    },
    command: () => join(BIN, 'node'),
  },
  {
    language: 'python',
    file: 'service.py',
    install: async (folder: string) => {
      await run('python3', ['-m', 'venv', folder]);
      await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', 'pyjwt[crypto]==2.15.1']);
    },
    command: (folder: string) => join(folder, 'bin/python'),
  },
];

let roster: Roster;
let key: string;
/** `PUBLIC_URL`, with what is in front of Roster. */
let front: Server;
let url: string;
let jwksRequests = 0;
let isAway = false;
const programs: ChildProcess[] = [];
beforeAll(async () => {
  front = createServer((request, response) => {
    if (request.url === '/.well-known/jwks.json') jwksRequests++;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (isAway) return void request.socket.destroy();
      const { authorization = '', 'content-type': type = '' } = request.headers;
      const body = chunks.length === 0 ? undefined : Buffer.concat(chunks);
      const headers = { ...(authorization && { authorization }), ...(type && { 'content-type': type }) };
      void fetch(`${roster.url}${request.url}`, {
        method: request.method ?? 'GET',
        headers,
        ...(body && { body }),
      }).then(async (answer) => response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())));
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => front.listen(port, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${port}`;
  roster = await startRoster({ PUBLIC_URL: url });
  key = await serviceKey();
}, INSTALL_MS);
afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  front.close();
  front.closeAllConnections();
  await roster.stop();
});

/** The key of a service account that introspects tokens. */
async function serviceKey(): Promise<string> {
  const admin = { authorization: `Bearer ${await roster.signIn()}` };
  const account = { name: 'Shop', role: 'AUTHENTICATED', scopes: ['introspect'] };
  const { body } = await roster.api.post('/service-accounts').set(admin).send(account).expect(201);
  const path = `/service-accounts/${(body as { id: string }).id}/keys`;
  const made = await roster.api.post(path).set(admin).send({ name: 'production' }).expect(201);
  return (made.body as { key: string }).key;
}

/** Starts the program of the page; gives how it answers to a token. */
async function start({ language, file, install, command }: (typeof PROGRAMS)[number]) {
  const cache = join(PACKAGE_ROOT, 'node_modules/.cache', `tokens-${language}-jose-6.2.18-pyjwt-2.15.1`);
  if (!existsSync(join(cache, 'installed'))) {
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    await install(cache);
    writeFileSync(join(cache, 'installed'), '');
  }
  const folder = language === 'js' ? cache : mkdtempSync(join(tmpdir(), 'roster-tokens-'));
  writeFileSync(join(folder, file), block(language));
  const port = await freePort();
  const program = spawn(command(cache), [join(folder, file)], {
    env: { ...ENVIRONMENT, ROSTER: url, ROSTER_KEY: key, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  programs.push(program);
  let errors = '';
  program.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const answer = async (token?: string, path = '/') => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    const text = await response.text();
    return response.ok ? (JSON.parse(text) as object) : response.status;
  };
  await eventually(
    'the service',
    () =>
      answer().then(
        () => true,
        () => false,
      ),
    30_000,
  );
  return { answer, errors: () => errors };
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** The token with other parts, signed by Roster's own key unless another one is given. */
function remade(
  token: string,
  { header = {}, claims = {}, key }: { header?: object; claims?: object; key?: KeyObject },
) {
  const [head = '', body = ''] = token.split('.');
  const signed = `${encoded({ ...decoded(head), ...header })}.${encoded({ ...decoded(body), ...claims })}`;
  const { secret } = roster.app.get(Keyring, { strict: false }).current('access-token');
  const own = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  const signature = sign('sha256', Buffer.from(signed), { key: key ?? own, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

describe('docs/tokens.md', () => {
  it.each(PROGRAMS)(
    'has a service in $language that takes what Roster signed for it, and nothing else',
    async (program) => {
      const { answer, errors } = await start(program);
      const { id, token } = await roster.join(`${program.language}@example.com`);
      const user = { id, role: 'AUTHENTICATED' };
      jwksRequests = 0;
      for (let count = 0; count < 5; count++) expect(await answer(token)).toEqual(user);
      expect(jwksRequests).toBeLessThanOrEqual(1);
      expect(await answer(remade(token, {}))).toEqual(user);

      const now = Math.floor(Date.now() / 1000);
      const { secret } = roster.app.get(Keyring, { strict: false }).current('access-token');
      const publicKey = createPublicKey(createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }));
      const [, body = ''] = token.split('.');
      const symmetric = `${encoded({ alg: 'HS256', typ: 'at+jwt' })}.${body}`;
      const pem = publicKey.export({ type: 'spki', format: 'pem' });
      const bad = {
        'no token': undefined,
        'no JWT': 'nonsense',
        'another type': remade(token, { header: { typ: 'JWT' } }),
        'another issuer': remade(token, { claims: { iss: 'https://elsewhere.example' } }),
        'another audience': remade(token, { claims: { aud: 'https://elsewhere.example' } }),
        'one that has ended': remade(token, { claims: { exp: now - 60 } }),
        'one that is not good yet': remade(token, { claims: { nbf: now + 600 } }),
        'another key': remade(token, { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
        'no signature': `${encoded({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
        'the public key as a secret': `${symmetric}.${createHmac('sha256', pem).update(symmetric).digest('base64url')}`,
        'an unknown key': remade(token, { header: { kid: 'unknown' } }),
      };
      for (const [name, one] of Object.entries(bad)) expect([name, await answer(one)]).toEqual([name, 401]);
      // Clocks differ by seconds.
      expect(await answer(remade(token, { claims: { exp: now - 1 } }))).toEqual(user);

      await roster.app.get(Keyring, { strict: false }).rotate('access-token');
      const next = await roster.signIn(`${program.language}@example.com`, PASSWORD);
      expect(decoded(next.split('.')[0]!)['kid']).not.toBe(decoded(token.split('.')[0]!)['kid']);
      await eventually('the new key', async () => (await answer(next)) !== 401);
      expect([await answer(next), await answer(token)]).toEqual([user, user]);

      expect(await answer(next, '/pay')).toEqual(user);
      await roster.api.post('/auth/logout').set('authorization', `Bearer ${next}`).expect(204);
      expect([await answer(next), await answer(next, '/pay')]).toEqual([user, 401]);

      isAway = true;
      expect(await answer(token, '/pay')).toBe(503);
      isAway = false;
      expect(errors()).not.toMatch(/Traceback|SyntaxError/);
    },
    INSTALL_MS,
  );

  it('says of a token what is so', async () => {
    const [head = '', body = ''] = (await roster.signIn()).split('.');
    const claims = decoded(body);
    const named = [...PAGE.matchAll(/^\| (`.*?`[^|]*?) +\|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    expect(named.sort()).toEqual([...Object.keys(decoded(head)), ...Object.keys(claims)].sort());
    expect(claims).toMatchObject({ iss: url, aud: url, client_id: 'roster', role: 'ADMIN' });
    expect(Number(claims['iat']) - Number(claims['nbf'])).toBe(30);
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(15 * 60);
  });
});
