import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { PageBrowser } from '../support/page-browser.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';
import { textOf, Visitor } from '../support/visitor.js';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(async () => {
  await roster.stop();
});

/** A file as it goes over the wire: supertest would decompress it. */
async function fetchRaw(path: string, encodings: string, from = roster) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    headers: IncomingHttpHeaders;
    body: Buffer;
  }>();
  get(`${from.url}${path}`, { headers: { 'accept-encoding': encodings } }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    });
    response.on('error', reject);
  }).on('error', reject);
  return promise;
}

const adminsPage = async (path = '/console') =>
  (await Visitor.signedIn(roster, ADMIN.email, ADMIN.password)).open(path);
const assetsOf = (page: string) => [...page.matchAll(/"(\/console\/assets\/[^"]+)"/g)].map(([, path = '']) => path);

describe('the console', () => {
  it('leads nobody to the sign-in, and from there back to the very address', async () => {
    const browser = new PageBrowser(roster);
    const { status, location } = await browser.open('/console/people?status=LOCKED&q=ada');
    expect(status).toBe(303);
    expect(location).toBe('/sign-in?continue=%2Fconsole%2Fpeople%3Fstatus%3DLOCKED%26q%3Dada');
    const form = await browser.open(location!);
    const page = await browser.submit(form, { identifier: ADMIN.email, password: ADMIN.password }, 'Sign in');
    expect([page.status, page.path]).toEqual([200, '/console/people?status=LOCKED&q=ada']);
  });

  it('is one page at every address below it', async () => {
    const page = await adminsPage();
    expect(page.status).toBe(200);
    expect(assetsOf(page.text).length).toBeGreaterThanOrEqual(2);
    for (const path of ['/console/people/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', '/console/no/such/page?x=1&x=2']) {
      expect((await adminsPage(path)).text).toBe(page.text);
    }
  });

  it('tells somebody whose role is too low that it is not allowed, and why', async () => {
    await roster.join('ada@example.com');
    const page = await (await Visitor.signedIn(roster, 'ada@example.com')).open('/console/people');
    expect(page.status).toBe(403);
    expect(textOf(page)).toContain('Not allowed');
    expect(textOf(page)).toContain('Your account has the role AUTHENTICATED ; the console takes MANAGER or ADMIN');
  });

  it('allows its own scripts and styles alone', async () => {
    const { headers, text } = await adminsPage();
    const policy = headers['content-security-policy']!;
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
    expect(headers['cache-control']).toBe('no-store');
  });
});

describe('an asset', () => {
  it('is named by its content, compressed, and kept forever', async () => {
    for (const path of assetsOf((await adminsPage()).text)) {
      expect(path).toMatch(/\/[\w-]+-[\w-]{8}\.(js|css)$/);
      const plain = await fetchRaw(path, 'identity');
      const brotli = await fetchRaw(path, 'gzip, deflate, br');
      const gzip = await fetchRaw(path, 'gzip, br;q=0');
      expect([plain, gzip, brotli].map(({ headers }) => headers['content-encoding'])).toEqual([
        undefined,
        'gzip',
        'br',
      ]);
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
      for (const { status, headers } of [plain, gzip, brotli]) {
        expect(status).toBe(200);
        expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
        expect(headers.vary).toBe('accept-encoding');
        expect(headers['content-type']).toBe(
          path.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
        );
      }
    }
  });

  it('that does not exist is 404, and is not kept', async () => {
    const names = ['index-00000000.js', '..%2findex.html', '../index.html', 'inputs.sha256', 'x/y.js', ''];
    for (const name of names) {
      const { status, headers } = await fetchRaw(`/console/assets/${name}`, 'br');
      expect([name, status === 404 || status === 303, headers['cache-control']]).toEqual([name, true, 'no-store']);
    }
    const compressed = readdirSync('console/dist/assets').find((name) => name.endsWith('.br'));
    expect((await fetchRaw(`/console/assets/${compressed!}`, 'br')).status).toBe(404);
  });

  it('for the first page is no more than 200 KB with gzip, all of them together', async () => {
    const page = await adminsPage();
    const bodies = await Promise.all(assetsOf(page.text).map(async (path) => (await fetchRaw(path, 'gzip')).body));
    const total = bodies.reduce((sum, { length }) => sum + length, gzipSync(page.text).length);
    expect(total).toBeGreaterThan(20_000);
    expect(total).toBeLessThanOrEqual(200 * 1024);
  });
});

describe('CONSOLE_ENABLED=false', () => {
  it('makes every address of the console 404', async () => {
    const other = await startRoster({ CONSOLE_ENABLED: 'false' }, [], roster.database);
    try {
      const visitor = await Visitor.signedIn(other, ADMIN.email, ADMIN.password);
      for (const path of ['/console', '/console/people']) expect((await visitor.open(path)).status).toBe(404);
      const [asset = ''] = assetsOf((await adminsPage()).text);
      expect((await fetchRaw(asset, 'br', other)).status).toBe(404);
    } finally {
      await other.app.close();
      await other.inbox.down();
    }
  });
});

describe('without pages of ours', () => {
  it('the console sends nobody to the sign-in page of the application, and is off where there is none', async () => {
    const given = { HOSTED_PAGES: 'false', LINK_URLS: 'sign-in=https://app.example.com/login?from=roster' };
    for (const [environment, status, location] of [
      [
        given,
        303,
        'https://app.example.com/login?from=roster&continue=http%3A%2F%2Flocalhost%3A3000%2Fconsole%2Fhelp%3Fabout%3Dada',
      ],
      [{ HOSTED_PAGES: 'false' }, 404, undefined],
    ] as const) {
      const other = await startRoster(environment, [], roster.database);
      try {
        const answer = await new PageBrowser(other).open('/console/help?about=ada');
        expect([answer.status, answer.location]).toEqual([status, location]);
      } finally {
        await other.app.close();
        await other.inbox.down();
      }
    }
  });
});
