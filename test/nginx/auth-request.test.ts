import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/browser.js';
import { Nginx, replaceAll } from '../support/nginx.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let nginx: Nginx;
let wiki: Server;
let origin: string;
const seen: IncomingHttpHeaders[] = [];

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  roster = await startRoster({ PUBLIC_URL: origin, TRUST_PROXY: '127.0.0.1' });
  wiki = createServer((request, response) => {
    seen.push(request.headers);
    response.end(`page ${request.url ?? ''}`);
  });
  await new Promise<void>((resolve) => wiki.listen(0, '127.0.0.1', resolve));
  nginx = await Nginx.startWith(port, 'examples/proxies/nginx.conf', (config, folder) =>
    replaceAll(config, [
      ['listen 80 default_server;', `listen 127.0.0.1:${port} default_server;`],
      ['server roster:3000;', `server ${new URL(roster.url).host};`],
      ['server wiki:8080;', `server 127.0.0.1:${(wiki.address() as AddressInfo).port};`],
      ['/tmp/', `${folder}/`],
      ['access_log off;', `access_log ${folder}/access.log;`],
      ['error_log /dev/stderr crit;', `error_log ${folder}/error.log crit;`],
    ]),
  );
});
afterAll(async () => {
  await (nginx as Nginx | undefined)?.stop();
  wiki.close();
  await roster.stop();
});

const get = (path: string, headers: Record<string, string> = {}) => nginx.send(path, { headers });
const fromOurs = { 'content-type': 'application/json', origin: '' };

async function signIn(identifier: string): Promise<string> {
  const body = JSON.stringify({ identifier, password: PASSWORD, session: 'cookie' });
  const answer = await nginx.send('/auth/login', { headers: { ...fromOurs, origin }, body });
  expect(answer.status).toBe(200);
  return (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ');
}

describe('an application behind nginx that asks Roster', () => {
  it('is shown to nobody who is not signed in: they are led to sign in, and back', async () => {
    const led = await get('/wiki/pages?a=1&b=2', { accept: 'text/html' });
    expect(led.status).toBe(302);
    const to = new URL(led.headers.location ?? '');
    expect([to.origin, to.pathname]).toEqual([origin, '/sign-in']);
    expect(to.searchParams.get('continue')).toBe('/wiki/pages?a=1&b=2');
    const page = await get(to.pathname + to.search, { accept: 'text/html' });
    expect(page.body['text']).toContain('name="continue" value="/wiki/pages?a&#x3D;1&amp;b&#x3D;2"');
    expect((await get('/wiki/', { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await get('/_verify')).status).toBe(404);
    expect(seen).toEqual([]);
  });

  it('gets who it is, and neither what they claim to be nor what it could act with as them, until they sign out', async () => {
    const { id } = await roster.join('ada@example.com');
    const cookie = await signIn('ada@example.com');
    expect(cookie).toContain('roster-session=');
    const claims = { 'x-auth-user': 'somebody', 'x-auth-role': 'ADMIN', 'x-auth-email': 'root@example.com' };
    for (const cookies of [`${cookie}; theme=dark`, `theme=dark; ${cookie}`, `a=1; ${cookie}; theme=dark`]) {
      const page = await get('/wiki/pages', { cookie: cookies, ...claims });
      expect([page.status, page.body['text']]).toEqual([200, 'page /wiki/pages']);
      const headers = seen.at(-1)!;
      expect(headers).toMatchObject({
        'x-auth-user': id,
        'x-auth-role': 'AUTHENTICATED',
        'x-auth-email': 'ada@example.com',
        cookie: expect.stringContaining('theme=dark'),
      });
      expect(headers.cookie).not.toContain('roster');
      expect(headers).not.toHaveProperty('authorization');
    }
    const out = await nginx.send('/auth/logout', { headers: { ...fromOurs, origin, cookie }, body: '{}' });
    expect(out.status).toBe(204);
    expect((await get('/wiki/pages', { cookie })).status).toBe(302);
  });
});
