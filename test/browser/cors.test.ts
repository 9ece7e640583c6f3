import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, type RosterProcess, startRosterProcess } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };

let database: TestDatabase;
let roster: RosterProcess;
let browser: Browser;
/** Serves an empty page: on `localhost` as an application that is listed, on `127.0.0.1` as one that is not. */
let site: Server;
let port: number;

beforeAll(async () => {
  site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
  site.listen(0);
  await once(site, 'listening');
  port = (site.address() as AddressInfo).port;
  browser = await launchBrowser();
  database = await createTestDatabase();
  roster = await startRosterProcess({
    DATABASE_URL: database.url,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    CORS_ORIGINS: `http://localhost:${port}/`,
  });
});
afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  await (roster as RosterProcess | undefined)?.stop();
  await (database as TestDatabase | undefined)?.drop();
  site.close();
});

interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
  /** Of the answer, to be read by the page. */
  readonly reads?: string[];
}
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | null>;
  readonly body: Record<string, unknown>;
}

/** What a script of the page gets to see. */
async function call(page: Page, path: string, { reads = [], body, headers, ...rest }: Call = {}): Promise<Answer> {
  const init = {
    ...rest,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  };
  return page.evaluate(
    async ([url, options, names]) => {
      const response = await fetch(url, options);
      const text = await response.text();
      return {
        status: response.status,
        headers: Object.fromEntries(names.map((name) => [name, response.headers.get(name)])),
        body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
      };
    },
    [`${roster.url}${path}`, init, ['x-trace-id', ...reads]] as const,
  );
}

async function open(host: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`http://${host}:${port}/`);
  return page;
}

describe('a page of another origin', () => {
  test('that is listed signs in, and makes every kind of call with all that the answers say', async () => {
    const page = await open('localhost');
    const login = await call(page, '/auth/login', {
      method: 'POST',
      body: { identifier: ADMIN.email, password: ADMIN.password },
    });
    expect(login.status).toBe(200);
    const authorization = `Bearer ${String(login.body['accessToken'])}`;
    const as = { authorization };

    const made = await call(page, '/users', {
      method: 'POST',
      headers: { ...as, 'Idempotency-Key': 'from-a-page', 'X-Request-Id': 'page-1', 'Accept-Language': 'de' },
      body: { username: 'across', firstName: 'Across' },
      reads: ['location', 'etag'],
    });
    expect(made).toMatchObject({ status: 201, headers: { 'x-trace-id': 'page-1', etag: '"1"' } });
    const path = String(made.headers['location']);
    expect(path).toBe(`/users/${String(made.body['id'])}`);

    const edit = { headers: { ...as, 'If-Match': '"1"' }, body: { nickname: 'Two' }, reads: ['etag'] };
    expect(await call(page, path, { ...edit, method: 'PATCH' })).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
    });
    expect(await call(page, path, { ...edit, method: 'PATCH' })).toMatchObject({
      status: 412,
      body: { code: 'precondition-failed' },
    });
    const put = { method: 'PUT', headers: as, body: { newUsername: 'across-too' } };
    expect((await call(page, `${path}/username`, put)).status).toBe(200);
    expect((await call(page, path, { method: 'HEAD', headers: as, reads: ['etag'] })).headers['etag']).toBe('"3"');
    const list = await call(page, '/users?limit=1', { headers: as, reads: ['link'] });
    expect(list.headers['link']).toContain('rel="next"');
    const file = await call(page, `${path}/export`, { headers: as, reads: ['content-disposition'] });
    expect(file.headers['content-disposition']).toContain('attachment');
    const gone = await call(page, path, { method: 'DELETE', headers: as });
    expect(gone).toMatchObject({ status: 204, headers: { 'x-trace-id': expect.stringMatching(/^[0-9a-f]{32}$/) } });

    const refused = await call(page, '/users/me', { reads: ['www-authenticate'] });
    expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(refused.body['code']).toBe('not-authenticated');
    expect(await call(page, '/nowhere', { headers: as })).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const other = await call(page, '/health/live', { method: 'DELETE', reads: ['allow'] });
    expect(other).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    let tooOften = refused;
    for (let tries = 0; tries < 70 && tooOften.status !== 429; tries++) {
      const headers = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
      tooOften = await call(page, '/auth/register', { method: 'POST', headers, body: {}, reads: ['retry-after'] });
    }
    expect(tooOften).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(Number(tooOften.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call(page, '/auth/logout', { method: 'POST', headers: as })).status).toBe(204);
    await page.close();
  });

  test('that is listed reads the feed as a stream, from where it was', async () => {
    const page = await open('localhost');
    const login = { method: 'POST', body: { identifier: ADMIN.email, password: ADMIN.password } };
    const authorization = `Bearer ${String((await call(page, '/auth/login', login)).body['accessToken'])}`;
    const first = await page.evaluate(
      async ([url, headers]) => {
        const leave = new AbortController();
        const response = await fetch(url, { headers, signal: leave.signal });
        const chunk = await response.body?.pipeThrough(new TextDecoderStream()).getReader().read();
        leave.abort();
        return chunk?.value;
      },
      [`${roster.url}/events`, { authorization, accept: 'text/event-stream', 'Last-Event-ID': '0' }] as const,
    );
    expect(first).toContain('retry: 2000');
    await page.close();
  });

  test('that is not listed sends nothing that a form could not, and reads nothing', async () => {
    const page = await open('127.0.0.1');
    await expect(call(page, '/health/live')).rejects.toThrow('Failed to fetch');
    await expect(call(page, '/users/me', { headers: { authorization: 'Bearer x' } })).rejects.toThrow(
      'Failed to fetch',
    );
    await page.close();
  });
});
