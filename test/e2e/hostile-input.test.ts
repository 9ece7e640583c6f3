import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(async () => {
  await roster.stop();
});

const good = { email: 'mallory@example.com', password: PASSWORD };

interface Refused {
  readonly what: string;
  readonly body: string | Buffer;
  readonly status: number;
  readonly code: string;
  readonly type?: string;
}

const text = (value: object) => JSON.stringify(value);

const REFUSED: Refused[] = [
  { what: 'malformed JSON', body: '{"email":', status: 400, code: 'malformed-body' },
  { what: 'an empty body', body: '', status: 400, code: 'validation-failed' },
  { what: 'an array for the body', body: '[]', status: 400, code: 'validation-failed' },
  { what: 'a text for the body', body: '"hello"', status: 400, code: 'validation-failed' },
  { what: 'null for the body', body: 'null', status: 400, code: 'validation-failed' },
  { what: 'a number for a text', body: text({ ...good, email: 7 }), status: 400, code: 'validation-failed' },
  {
    what: 'an array for a scalar',
    body: text({ ...good, email: ['a@example.com'] }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'an object for a password',
    body: text({ ...good, password: { length: 20 } }),
    status: 400,
    code: 'validation-failed',
  },
  { what: 'null for a required field', body: text({ ...good, email: null }), status: 400, code: 'validation-failed' },
  { what: 'an unknown field', body: text({ ...good, shoeSize: 42 }), status: 400, code: 'validation-failed' },
  ...['role', 'id', 'emailVerified', 'status', 'version', 'passwordHash', 'createdAt', 'pending'].map((field) => ({
    what: `the field ${field}, which is not the caller's`,
    body: text({ ...good, [field]: 'ADMIN' }),
    status: 400,
    code: 'validation-failed',
  })),
  {
    what: 'a repeated key',
    body: '{"email":"a@example.com","email":"b@example.com","password":"x"}',
    status: 400,
    code: 'malformed-body',
  },
  {
    what: '__proto__',
    body: '{"email":"a@example.com","password":"x","__proto__":{"role":"ADMIN"}}',
    status: 400,
    code: 'malformed-body',
  },
  {
    what: 'constructor',
    body: '{"email":"a@example.com","password":"x","constructor":{"prototype":{}}}',
    status: 400,
    code: 'malformed-body',
  },
  { what: 'NUL in a text', body: text({ ...good, firstName: 'A\0da' }), status: 400, code: 'malformed-body' },
  {
    what: 'an unpaired surrogate',
    body: '{"email":"a@example.com","password":"x","firstName":"\\ud800"}',
    status: 400,
    code: 'malformed-body',
  },
  {
    what: 'invalid UTF-8',
    body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    status: 400,
    code: 'malformed-body',
  },
  {
    what: 'deep nesting',
    body: `{"email":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    status: 400,
    code: 'malformed-body',
  },
  {
    what: 'a body of 2 MB',
    body: text({ ...good, firstName: 'x'.repeat(2_000_000) }),
    status: 413,
    code: 'body-too-large',
  },
  {
    what: 'a password of 100 KB',
    body: text({ ...good, password: 'x'.repeat(100_000) }),
    status: 413,
    code: 'body-too-large',
  },
  {
    what: 'a password of 60 KB',
    body: text({ ...good, password: 'x'.repeat(60_000) }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'line breaks in an address',
    body: text({ ...good, email: 'a@example.com\r\nBcc: b@example.com' }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'two addresses in one',
    body: text({ ...good, email: 'a@example.com, b@example.com' }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'a name and an address',
    body: text({ ...good, email: 'Ada <a@example.com>' }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'line breaks in a name',
    body: text({ ...good, firstName: 'Ada\r\nBcc: b@example.com' }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'a name of nothing but blanks',
    body: text({ ...good, firstName: '  ' }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'an address as username',
    body: text({ ...good, username: 'a@example.com' }),
    status: 400,
    code: 'validation-failed',
  },
  {
    what: 'a username of mixed scripts',
    body: text({ ...good, username: 'p\u0430ypal' }),
    status: 400,
    code: 'validation-failed',
  },
  { what: 'another content type', body: '<a/>', status: 415, code: 'unsupported-media-type', type: 'application/xml' },
];

describe('bad input is a clear 4xx and stores nothing', () => {
  it.each(REFUSED)('refuses $what with $status', async ({ body, status, code, type }) => {
    const before = await roster.database.query('SELECT count(*) FROM user_events');
    const response = await fetch(`${roster.url}/auth/register`, {
      method: 'POST',
      headers: { 'content-type': type ?? 'application/json' },
      body: body as string,
    });
    const problem = (await response.json()) as Record<string, unknown>;
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(problem).toMatchObject({ status, code, instance: '/auth/register' });
    expect(problem['traceId']).toBe(response.headers.get('x-trace-id'));
    expect(response.status).toBe(status);
    expect(JSON.stringify(problem)).not.toMatch(/node_modules|\.js:|\n\s+at /);
    expect(await roster.database.query('SELECT count(*) FROM user_events')).toEqual(before);
  });

  it.each([
    ['a path that cannot be decoded', '/users/%E0%A4%A', 400],
    ['an unknown path', '/wp-admin/setup.php', 404],
    ['an id that is none', '/users/1;DROP TABLE users', 401],
    ['a repeated query key', '/auth/verify-email?token=a&token=b', 400],
    ['an unknown query key', '/auth/methods?admin=true', 400],
  ])('answers %s with a problem', async (_what, path, status) => {
    const response = await fetch(`${roster.url}${path}`);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch('application/problem+json');
    expect(response.headers.get('x-trace-id')).toBeTruthy();
  });

  it('answers bytes that are no HTTP, and endless headers, with a problem and goes on', async () => {
    const port = Number(new URL(roster.url).port);
    const send = (bytes: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
        socket.on('close', () => resolve(answer));
        socket.on('error', reject);
      });
    expect(await send('HELO mail\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json/);
    expect(await send(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    await roster.api.get('/health/live').expect(200);
  });

  it('mails one recipient only, whatever the address looks like', async () => {
    const email = '"b@example.com,x"@example.com';
    await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(400);
    const strange = "o'hara+tag{x}|y@example.com";
    await roster.api.post('/auth/register').send({ email: strange, password: PASSWORD }).expect(202);
    const { recipients } = await roster.inbox.waitFor(strange);
    expect(recipients).toEqual([strange]);
  });

  it('logs an unexpected fault once with its stack, and tells the caller only the trace id', async () => {
    await roster.database.query('ALTER TABLE password_credentials RENAME TO gone');
    const response = await roster.api.post('/auth/login').send({ identifier: 'admin@example.com', password: PASSWORD });
    await roster.database.query('ALTER TABLE gone RENAME TO password_credentials');
    expect(response.status).toBe(500);
    const { traceId, detail } = response.body as { traceId: string; detail: string };
    expect(detail).toContain(traceId);
    expect(JSON.stringify(response.body)).not.toMatch(/password_credentials|QueryFailed/);
    const lines = roster.logLines().filter((line) => line['traceId'] === traceId && line['level'] === 50);
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).toMatch(/password_credentials/);
  });
});
