import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

const APP = 'https://app.example.com';
const STRANGER = 'https://evil.example';

interface Operation {
  readonly parameters?: readonly { name?: string; in?: string; $ref?: string }[];
  readonly responses: Record<string, { headers?: object; $ref?: string }>;
}

let roster: Roster;
let document: {
  paths: Record<string, Record<string, Operation>>;
  components: { headers: object; parameters?: Record<string, { name: string; in: string }>; responses: object };
};
beforeAll(async () => {
  roster = await startRoster({ CORS_ORIGINS: `${APP}/, http://localhost:5173` });
  document = (await roster.api.get('/docs-json').expect(200)).body as typeof document;
});
afterAll(() => roster.stop());

const preflight = (path: string, method: string, headers: string, origin = APP) =>
  roster.api
    .options(path)
    .set({ origin, 'access-control-request-method': method, 'access-control-request-headers': headers });
const named = (value: unknown) => new Set(String(value).toLowerCase().split(/, ?/));
const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

describe('a page of an origin in CORS_ORIGINS', () => {
  it('may call every operation of the API document, with every header that one takes', async () => {
    const taken = new Set(['authorization', 'content-type', 'accept-language', 'x-request-id', 'traceparent']);
    for (const { operation } of operations()) {
      for (const { name, in: place } of operation.parameters ?? [])
        if (place === 'header' && name) taken.add(name.toLowerCase());
    }
    expect([...taken]).toEqual(expect.arrayContaining(['if-match', 'idempotency-key', 'last-event-id']));
    expect(operations().length).toBeGreaterThan(70);
    for (const { path, method } of operations()) {
      const { headers } = await preflight(path.replace(/\{.*?\}/g, 'x'), method, [...taken].join(', ')).expect(204);
      expect(headers['access-control-allow-origin']).toBe(APP);
      expect(named(headers['access-control-allow-methods'])).toContain(method.toLowerCase());
      expect(named(headers['access-control-allow-headers'])).toEqual(taken);
      expect(headers['access-control-max-age']).toBe('7200');
      expect(headers['vary']).toBe('Origin, Access-Control-Request-Headers');
      expect(headers['access-control-allow-credentials']).toBe('true');
    }
    // Where a client asks for none, those of the document are named all the same.
    const { headers } = await roster.api
      .options('/users')
      .set({ origin: APP, 'access-control-request-method': 'POST' });
    expect([...named(headers['access-control-allow-headers'])]).toEqual(expect.arrayContaining([...taken]));
  });

  it('may read every header that the API document names', async () => {
    const { headers } = await roster.api.get('/health/live').set('origin', APP).expect(200);
    const exposed = named(headers['access-control-expose-headers']);
    const documented = Object.keys(document.components.headers).map((name) => name.toLowerCase());
    expect(documented.length).toBeGreaterThan(5);
    expect([...exposed]).toEqual(expect.arrayContaining([...documented, 'allow', 'content-disposition']));
  });

  it('may read errors as other answers', async () => {
    const answers = [
      roster.api.get('/users/me').expect(401),
      roster.api.get('/nowhere').expect(404),
      roster.api.delete('/health/live').expect(405),
      roster.api.post('/auth/login').set('content-type', 'application/json').send('{').expect(400),
      roster.api.post('/auth/login').set('content-type', 'text/x').send('x').expect(415),
      roster.api.get(`/users/${'x'.repeat(300)}`).expect(414),
    ];
    for (const answer of answers) {
      const { headers } = await answer.set('origin', APP);
      expect(headers).toMatchObject({ 'access-control-allow-origin': APP, vary: expect.stringContaining('Origin') });
      expect(named(headers['access-control-expose-headers'])).toContain('x-trace-id');
    }
    const raw = connect(Number(new URL(roster.url).port), '127.0.0.1');
    raw.write(`GET /%zz HTTP/1.1\r\nhost: x\r\norigin: ${APP}\r\nconnection: close\r\n\r\n`);
    const text = Buffer.concat((await raw.toArray()) as Buffer[]).toString();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toMatch(new RegExp(`^access-control-allow-origin: ${APP}\r$`, 'm'));
  });

  it('keeps what an answer varies by already', async () => {
    const token = await roster.signIn(ADMIN.email, ADMIN.password);
    const feed = roster.api.get('/events?limit=1').set({ origin: APP, authorization: `Bearer ${token}` });
    expect((await feed.expect(200)).headers['vary']).toBe('Accept, Origin');
  });
});

describe('a page of any other origin', () => {
  it.each([STRANGER, 'null', `${APP}.evil.example`, 'https://app.example.com:8443', 'http://app.example.com', '*'])(
    'is told nothing: %s',
    async (origin) => {
      for (const answer of [
        await preflight('/users', 'POST', 'authorization', origin),
        await roster.api.get('/health/live').set('origin', origin).expect(200),
      ]) {
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
        expect(answer.headers['vary']).toBe('Origin');
      }
    },
  );
});

describe('OPTIONS that is no preflight', () => {
  it('is 405 with what the address takes', async () => {
    const { headers } = await roster.api.options('/users').set('origin', APP).expect(405);
    expect(headers['allow']).toContain('GET');
  });
});
