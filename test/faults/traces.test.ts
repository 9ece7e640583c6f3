import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Collector, spanNamed } from '../support/collector.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort, type Home, makeHome, RosterProcess } from '../support/process.js';

const TRACE = 'c0ffee00c0ffee00c0ffee00c0ffee00';
const LOST = 'traces cannot be sent';

let home: Home;
let database: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
});
afterEach(() => RosterProcess.killAll());
afterAll(async () => {
  await database.drop();
  home.remove();
});

const start = (endpoint: string, more: Record<string, string> = {}) =>
  RosterProcess.start(home, {
    DATABASE_URL: database.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    ...more,
  });

/** Has a process say what it loads of the SDK. */
const SAYS = `
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => {
    // A module of the package, or the part of the bundle that has it.
    if (['/sdk-trace/', '/otel-tracer'].some((part) => url.includes(part))) console.error('the SDK is loaded');
    return next(url, context);
  } });`;
const SAYING = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(SAYS)}` };

describe('The SDK', () => {
  it('is loaded only where there is a collector', async () => {
    const without = await start('', SAYING);
    await without.api.get('/auth/methods').expect(200);
    await without.kill('SIGTERM');
    expect(without.stderr).not.toContain('the SDK is loaded');
    const withOne = await start('http://127.0.0.1:9', SAYING);
    await withOne.kill('SIGTERM');
    expect(withOne.stderr).toContain('the SDK is loaded');
  });
});

describe('A collector', () => {
  it('that refuses connections costs no request and no clean end, and one line of the log', async () => {
    const server = await start(`http://127.0.0.1:${await freePort()}`);
    for (let count = 0; count < 50; count++) await server.api.get('/auth/methods').expect(200);
    await server.until(() => server.stdout.includes(LOST));
    for (let count = 0; count < 50; count++) await server.api.get('/auth/methods').expect(200);
    expect((await server.kill('SIGTERM')).code).toBe(0);
    expect(server.stdout.split(LOST)).toHaveLength(2);
  });

  it('that takes connections and never answers does not hold up the end', async () => {
    const silent = await silence();
    const server = await start(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    for (let count = 0; count < 50; count++) await server.api.get('/auth/methods').expect(200);
    // After SHUTDOWN_TIMEOUT, the process would end with 1.
    const { code } = await server.kill('SIGTERM');
    expect([code, server.stderr]).toEqual([0, expect.not.stringContaining('timed out')]);
    silent.close();
  });

  it('gets the spans of the last request before the process ends', async () => {
    const collector = await Collector.start();
    const server = await start(collector.url);
    await server.api.get('/auth/methods').set('x-request-id', TRACE).expect(200);
    expect((await server.kill('SIGTERM')).code).toBe(0);
    const spans = collector.spans.filter(({ traceId }) => traceId === TRACE);
    expect(spanNamed(spans, 'GET /auth/methods').failed).toBe(false);
    await collector.stop();
  });
});

async function silence(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  server.unref();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}
