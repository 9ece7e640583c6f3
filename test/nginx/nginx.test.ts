import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../support/browser.js';
import { tokenIn } from '../support/inbox.js';
import { Nginx, send, type SendOptions } from '../support/nginx.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const SPOOFED = '203.0.113.77';
const PROBLEM = 'application/problem+json; charset=utf-8';

const JSON_BODY = { 'content-type': 'application/json' };

/** Registers through this port, and reads in the mail from where it was. */
async function originInMail(roster: Roster, port: number, email: string, options: SendOptions): Promise<string> {
  const body = JSON.stringify({ email, password: PASSWORD });
  const headers = { ...JSON_BODY, ...options.headers };
  expect((await send(port, '/auth/register', { ...options, headers, body })).status).toBe(202);
  return /^From (.*)$/m.exec((await roster.inbox.waitFor(email)).text)?.[1]?.trim() ?? 'nowhere';
}

/** Answers to what is sent as it stands, valid HTTP or not. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(text);
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
}

describe('nginx in front of Roster', () => {
  let trusting: Roster;
  let trustingNginx: Nginx;

  beforeAll(async () => {
    trusting = await startRoster({ TRUST_PROXY: '127.0.0.1' });
    trustingNginx = await Nginx.start(new URL(trusting.url).host);
  });

  afterAll(async () => {
    await (trustingNginx as Nginx | undefined)?.stop();
    await (trusting as Roster | undefined)?.stop();
  });

  test('serves the journey of a new user', async () => {
    const email = 'joan@example.com';
    const body = JSON.stringify({ email, password: PASSWORD });
    await trustingNginx.send('/auth/register', { headers: JSON_BODY, body });
    const token = tokenIn(await trusting.inbox.waitFor(email));
    const confirm = { headers: JSON_BODY, body: JSON.stringify({ token }) };
    expect((await trustingNginx.send('/auth/verify-email', confirm)).status).toBe(200);
    const signIn = { headers: JSON_BODY, body: JSON.stringify({ identifier: email, password: PASSWORD }) };
    const login = await trustingNginx.send('/auth/login', signIn);
    expect(login.status).toBe(200);
    const authorization = `Bearer ${String(login.body['accessToken'])}`;
    expect(await trustingNginx.send('/users/me', { headers: { authorization } })).toMatchObject({
      status: 200,
      body: { email },
    });
    expect(await trustingNginx.logWith('"path":"/users/me","status":200')).not.toContain(token);
  });

  test('passes answers and errors of Roster as they are: 401 stays 401, with its challenge', async () => {
    expect(await trustingNginx.send('/health/live')).toMatchObject({ status: 200, body: { status: 'up' } });

    const refused = await trustingNginx.send('/users/me');
    expect(refused).toMatchObject({ status: 401, body: { code: 'not-authenticated', instance: '/users/me' } });
    expect(refused.headers).toMatchObject({ 'www-authenticate': 'Bearer', 'content-type': PROBLEM });

    const missing = await trustingNginx.send('/nothing/here');
    expect(missing).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(missing.headers['content-type']).toBe(PROBLEM);

    const page = await trustingNginx.send('/auth/verify-email?token=nothing', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(410);
    expect(page.body['text']).toContain('This link no longer works');
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });

    const style = await trustingNginx.send('/assets/pages.css');
    expect(style.headers['cache-control']).toBe('public, max-age=3600');
  });

  test('says no version, and one trace id is in answer, header and both logs', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (const [headers, traceId] of [
      [{}, /^[0-9a-f]{32}$/],
      [{ 'x-request-id': 'from-the-client.1' }, /^from-the-client\.1$/],
      [{ traceparent }, /^4bf92f3577b34da6a3ce929d0e0e4736$/],
      [{ 'x-request-id': 'not one\t"', traceparent }, /^4bf92f3577b34da6a3ce929d0e0e4736$/],
    ] as const) {
      const answer = await trustingNginx.send('/users/me', { headers });
      expect(answer.headers['x-trace-id']).toMatch(traceId);
      expect(answer.body['traceId']).toBe(answer.headers['x-trace-id']);
      expect(answer.headers.server).toBe('nginx');
      await trustingNginx.logWith(`"traceId":"${String(answer.headers['x-trace-id'])}"`);
      expect(trusting.logLines()).toContainEqual(expect.objectContaining({ traceId: answer.headers['x-trace-id'] }));
    }
  });

  test('takes a body of 64 KB and answers 413 as a problem to more, also when the length is not told', async () => {
    const body = (bytes: number): string => '{}'.padEnd(bytes);
    const largest = await trustingNginx.send('/auth/login', { headers: JSON_BODY, body: body(65_536) });
    expect(largest).toMatchObject({ status: 400, body: { code: 'validation-failed' } });

    const chunked: Record<string, string> = { ...JSON_BODY, 'transfer-encoding': 'chunked' };
    for (const headers of [JSON_BODY, chunked]) {
      const answer = await trustingNginx.send('/auth/login?a="b', { headers, body: body(66_560) });
      expect(answer).toMatchObject({
        status: 413,
        headers: { 'content-type': PROBLEM },
        body: {
          type: 'urn:roster:problem:body-too-large',
          status: 413,
          code: 'body-too-large',
          instance: '/auth/login',
        },
      });
      expect(answer.body['traceId']).toBe(answer.headers['x-trace-id']);
    }
  });

  test('answers as a problem to what never reaches Roster', async () => {
    const long = 'x'.repeat(20_000);
    expect(await trustingNginx.send(`/users?search=${long}`)).toMatchObject({
      status: 414,
      headers: { 'content-type': PROBLEM },
      body: { status: 414, code: 'uri-too-long' },
    });
    expect(await trustingNginx.send('/users', { headers: { cookie: long } })).toMatchObject({
      status: 431,
      headers: { 'content-type': PROBLEM },
      body: { status: 431, code: 'headers-too-large' },
    });
    expect(await trustingNginx.send('/_problem')).toMatchObject({
      status: 404,
      headers: { 'content-type': PROBLEM },
      body: { status: 404, code: 'not-found' },
    });
    const answer = await sendRaw(trustingNginx.port, 'GET / HTTP/1.1\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(PROBLEM);
    expect(answer).toContain('"status":400');
  });

  test('tells Roster who the client is, whatever the client says of itself', async () => {
    const spoofs = { 'x-forwarded-for': SPOOFED, forwarded: `for=${SPOOFED}`, 'x-real-ip': SPOOFED };
    const options = { localAddress: '127.0.0.2', headers: spoofs };
    expect(await originInMail(trusting, trustingNginx.port, 'behind@example.com', options)).toBe('127.0.0.2');

    // Past nginx, from an address that is no trusted proxy.
    const direct = Number(new URL(trusting.url).port);
    const past = { localAddress: '127.0.0.3', headers: spoofs };
    expect(await originInMail(trusting, direct, 'past@example.com', past)).toBe('127.0.0.3');
  });

  test('is itself the client for a Roster that was not told of it', async () => {
    const wary = await startRoster();
    const nginx = await Nginx.start(new URL(wary.url).host);
    try {
      const options = { localAddress: '127.0.0.2', headers: { 'x-forwarded-for': SPOOFED } };
      expect(await originInMail(wary, nginx.port, 'wary@example.com', options)).toBe('127.0.0.1');
    } finally {
      await nginx.stop();
      await wary.stop();
    }
  });

  test('answers 502 as a problem while Roster is down, and writes no token of a link to its logs', async () => {
    const nginx = await Nginx.start(`127.0.0.1:${await freePort()}`);
    try {
      const token = 'b3f1c2'.repeat(10);
      const answer = await nginx.send(`/auth/verify-email?token=${token}`, {
        headers: { referer: `http://x/?${token}` },
      });
      expect(answer).toMatchObject({
        status: 502,
        headers: { 'content-type': PROBLEM, 'retry-after': '5', 'cache-control': 'no-store' },
        body: { status: 502, code: 'unavailable', instance: '/auth/verify-email' },
      });
      for (const form of [`;token=${token}`, `%3ftoken=${token}`, `&token=${token}`, `/${token}`]) {
        const { instance } = (await nginx.send(`/auth/verify-email${form}`)).body;
        expect(instance).toBe(form.startsWith('/') ? '/...' : '/auth/verify-email');
      }
      expect(await nginx.logWith('"path":"/...","status":502')).not.toContain(token);
      expect(await nginx.logWith('"path":"/auth/verify-email","status":502')).not.toContain(token);
    } finally {
      await nginx.stop();
    }
  });

  test('answers 504 as a problem when Roster does not answer in time', async () => {
    const mute: Server = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const nginx = await Nginx.start(`127.0.0.1:${(mute.address() as AddressInfo).port}`);
    try {
      expect(await nginx.send('/users/me')).toMatchObject({
        status: 504,
        headers: { 'content-type': PROBLEM, 'retry-after': '5' },
        body: { status: 504, code: 'unavailable', instance: '/users/me' },
      });
    } finally {
      await nginx.stop();
      mute.close();
    }
  });
});
