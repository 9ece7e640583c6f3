import { gzipSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let bearer: string;
beforeAll(async () => {
  roster = await startRoster();
  bearer = `Bearer ${await roster.signIn()}`;
});
afterAll(() => roster.stop());

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: { readonly code?: string; readonly detail?: string; readonly errors?: { path: string }[] };
}

/** Bytes and nothing but them: no client in between has an opinion. */
function send(
  method: string,
  path: string,
  { body, type, headers = {} }: { body?: Buffer | string; type?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { port } = new URL(roster.url);
  return new Promise((done, fail) => {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { authorization: bearer, ...(type !== undefined && { 'content-type': type }), ...headers },
    });
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = /json/.test(answer.headers['content-type'] ?? '');
        done({ status: answer.statusCode!, headers: answer.headers, body: isJson ? (JSON.parse(text) as object) : {} });
      });
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

/** `text` with each ? replaced by a byte that is no UTF-8 by itself. */
const broken = (text: string, byte = 0xff) => Buffer.from(text.replaceAll('?', String.fromCharCode(byte)), 'latin1');

describe('bytes that are not UTF-8 are refused, and nothing is stored of them', () => {
  it('in a JSON body', async () => {
    const path = '/users/me';
    const before = await send('GET', path);
    const { status, body } = await send('PATCH', path, { type: JSON_TYPE, body: broken('{"firstName":"M?ller"}') });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'malformed-body' });
    expect(body.detail).toMatch(/UTF-8/);
    expect((await send('GET', path)).body).toEqual(before.body);
  });

  it('in a form, as they are and in escapes', async () => {
    for (const form of [broken('token=?'), 'token=%FF', 'token=%ED%A0%80', 'token=%E2%82', '%FF=x']) {
      const { status } = await send('POST', '/auth/verify-email', { type: FORM, body: form });
      expect(status).toBe(400);
    }
  });

  it('in a query, as they are and in escapes', async () => {
    for (const query of [
      'search=M%FCller',
      'search=%ED%A0%80abc',
      'search=abc%C3',
      '%FF=x',
      'search=100%',
      'search=m\u00fcller',
    ]) {
      const { status, body } = await send('GET', `/users?${query}`);
      expect({ query, status, code: body.code }).toEqual({ query, status: 400, code: 'bad-request' });
    }
    await send('GET', '/users?search=M%C3%BCller+Ada').then(({ status }) => expect(status).toBe(200));
  });

  it('in a mailed link only where they are in what counts, whatever a mail provider adds', async () => {
    const statusOf = async (query: string) => (await send('GET', `/auth/verify-email?${query}`)).status;
    expect(await statusOf('token=%FF')).toBe(400);
    expect(await statusOf('token=x&utm_campaign=%FCber')).toBe(410);
  });

  it('in a path, as they are and in escapes', async () => {
    for (const path of [
      '/users/%FF',
      '/users/%ED%A0%80',
      '/users/%C3/history',
      '/users/\u00ff',
      '/docs/events/schemas/%C3',
    ]) {
      const { status } = await send('GET', path);
      expect({ path, status }).toEqual({ path, status: 400 });
    }
  });

  it('so that two passwords never count as one because of them', async () => {
    const email = 'bytes@example.com';
    const register = (byte: number) =>
      send('POST', '/auth/register', {
        type: JSON_TYPE,
        body: broken(`{"email":"${email}","password":"nine brown ?? foxes at dawn"}`, byte),
      });
    expect([(await register(0xe9)).status, (await register(0xff)).status]).toEqual([400, 400]);
    await roster.join(email);
    const signIn = (password: string, byte: number) =>
      send('POST', '/auth/login', {
        type: JSON_TYPE,
        body: broken(`{"identifier":"${email}","password":"${password}"}`, byte),
      });
    expect((await signIn(PASSWORD, 0)).status).toBe(200);
    // The replacement character itself is a character like any other.
    expect((await signIn(`${PASSWORD}?`, 0xff)).status).toBe(400);
  });
});

describe('text in another charset, and bodies that are compressed, are 415', () => {
  it.each(['utf-16', 'iso-8859-1', '"windows-1252"'])('charset=%s', async (charset) => {
    for (const [type, body] of [
      [JSON_TYPE, '{"bio":"x"}'],
      [FORM, 'bio=x'],
    ] as const) {
      const answer = await send('PATCH', '/users/me', { type: `${type}; charset=${charset}`, body });
      expect({ status: answer.status, code: answer.body.code }).toEqual({
        status: 415,
        code: 'unsupported-media-type',
      });
    }
  });

  it.each(['gzip', 'deflate', 'br', 'zstd', 'x-gzip'])('Content-Encoding: %s, with what is taken', async (encoding) => {
    const answer = await send('PATCH', '/users/me', {
      type: JSON_TYPE,
      headers: { 'content-encoding': encoding },
      body: gzipSync('{"bio":"x"}'),
    });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
    expect(answer.headers['accept-encoding']).toBe('identity');
    expect(answer.body.detail).toMatch(/Content-Encoding/);
  });
});

describe('what clients do out of habit is taken', () => {
  const EMPTY = { type: JSON_TYPE, body: '' };

  it('a byte order mark before JSON', async () => {
    const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"bio":"marked"}')]);
    const answer = await send('PATCH', '/users/me', { type: JSON_TYPE, body });
    expect(answer).toMatchObject({ status: 200, body: { bio: 'marked' } });
  });

  it('a content type without a body, where none is needed', async () => {
    const { id } = await roster.join('habit@example.com');
    const as = (path: string, method = 'POST', type = JSON_TYPE) => send(method, path, { ...EMPTY, type });
    expect(await as(`/users/${id}/suspend`)).toMatchObject({ status: 200 });
    expect(await as(`/users/${id}/reinstate`, 'POST', `${JSON_TYPE}; charset=utf-8`)).toMatchObject({ status: 200 });
    expect(await as(`/users/${id}/unlock`, 'POST', FORM)).toMatchObject({ status: 200 });
    expect(await as(`/users/${id}`, 'DELETE')).toMatchObject({ status: 204 });
    expect(await as(`/users/${id}/restore`)).toMatchObject({ status: 200 });
    expect(await as('/users/me', 'GET')).toMatchObject({ status: 200 });
    const session = { authorization: `Bearer ${await roster.signIn()}` };
    expect(await send('POST', '/auth/logout', { ...EMPTY, headers: session })).toMatchObject({ status: 204 });
  });

  it('and where one is needed, what is missing is said as ever', async () => {
    for (const [method, path] of [
      ['POST', '/auth/login'],
      ['PATCH', '/users/me'],
    ] as const) {
      const answer = await send(method, path, EMPTY);
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation-failed', errors: [{ path: '' }] } });
    }
  });
});
