import { afterEach, describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.js';
import { tracedIdFrom, w3cTraceId } from '../../src/config/trace-id.js';
import { OtelTracer } from '../../src/tracing/otel-tracer.js';
import { traceStatements } from '../../src/tracing/statement-spans.js';
import { kindOf, type TracingLog } from '../../src/tracing/span.js';
import { inSpan, startTracing } from '../../src/tracing/tracing.js';
import { Collector, spanNamed, taken } from '../support/collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const QUIET: TracingLog = { warn: () => undefined, info: () => undefined };
const traced = (url: string, more = {}) => loadSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more });

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function collecting(environment = {}, log = QUIET): Promise<{ collector: Collector; stop: () => Promise<void> }> {
  const collector = await Collector.start();
  ends.push(() => collector.stop());
  const stop = await startTracing(traced(collector.url, environment), log);
  ends.push(stop);
  return { collector, stop };
}

describe('The settings of traces', () => {
  it.each([
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'http/protobuf'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'authorization' }, '<name>=<value>'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=50%' }, 'percent-encoded'],
    [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'always_on'],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'from 0 to 1'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317' }, 'http:// or https://'],
  ])('%j are refused at the start', (environment, expected) => {
    expect(() => loadSettings(environment)).toThrow(expected);
  });

  it('start nothing without an endpoint, or when disabled', async () => {
    for (const environment of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' }]) {
      ends.push(await startTracing(loadSettings(environment), QUIET));
      const client = { query: () => Promise.resolve() };
      const { query } = client;
      traceStatements(client);
      expect(client.query).toBe(query);
    }
  });
});

describe('A span', () => {
  it('needs a cause: there is none of what nothing asked for', async () => {
    const { collector, stop } = await collecting();
    await inSpan({ name: 'poll' }, () => Promise.resolve());
    await inSpan({ name: 'job', trace: TRACE }, () => inSpan({ name: 'inner' }, () => Promise.resolve()));
    await stop();
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(['inner', 'job']);
    expect(spanNamed(collector.spans, 'inner').parentSpanId).toBe(spanNamed(collector.spans, 'job').spanId);
  });

  it('shows the kind of an error and not its message', async () => {
    const { collector, stop } = await collecting();
    const failing = inSpan({ name: 'job', trace: TRACE }, () => Promise.reject(new TypeError('ada@example.com')));
    await expect(failing).rejects.toThrow('ada@example.com');
    await stop();
    expect(spanNamed(collector.spans, 'job')).toMatchObject({ failed: true, facts: { 'error.type': 'TypeError' } });
    expect(kindOf({ code: 'ada@example.com', name: 'x y' })).toBe('error');
  });

  it.each([
    ['always_off', undefined, '01', []],
    ['parentbased_always_off', undefined, '01', ['job']],
    ['parentbased_always_on', undefined, '00', []],
    ['always_on', undefined, '00', ['job']],
    ['traceidratio', '0', '01', []],
  ])('is sampled by %s (%s) where the caller says %s: %j', async (sampler, share, flags, expected) => {
    const { collector, stop } = await collecting({
      OTEL_TRACES_SAMPLER: sampler,
      ...(share && { OTEL_TRACES_SAMPLER_ARG: share }),
    });
    await inSpan({ name: 'job', parent: `00-${TRACE}-00f067aa0ba902b7-${flags}` }, () => Promise.resolve());
    await stop();
    expect(collector.spans.map(({ name }) => name)).toEqual(expected);
  });

  it.each([
    ['SELECT "User"."id" FROM "users" "User" WHERE email = \'ada@example.com\'', 'SELECT users'],
    ['INSERT INTO user_events (id) VALUES ($1)', 'INSERT user_events'],
    ['WITH taken AS (DELETE FROM event_outbox RETURNING id) SELECT * FROM taken', 'DELETE event_outbox'],
    [
      'UPDATE mails SET held_until = now() WHERE id = ANY (ARRAY (SELECT id FROM mails FOR UPDATE SKIP LOCKED))',
      'UPDATE mails',
    ],
    ['SELECT id FROM users WHERE id = $1 FOR UPDATE', 'SELECT users'],
    ['SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE OF users SKIP LOCKED', 'SELECT users'],
    ['SELECT * FROM unnest($1::text[]) AS one', 'SELECT'],
    ['DELETE FROM graphile_worker._private_jobs AS job', 'DELETE graphile_worker'],
    ['SELECT graphile_worker.add_job($1, payload := $2::json)', 'SELECT add_job'],
    ['COMMIT', 'COMMIT'],
    ["secret 'ada@example.com'", 'STATEMENT'],
  ])('of the statement %s is called %s', async (text, name) => {
    const { collector, stop } = await collecting();
    const client = {
      query: (_: unknown, ...more: unknown[]) => (more.length > 0 ? (more[0] as () => void)() : Promise.resolve()),
    };
    traceStatements(client);
    await inSpan({ name: 'job', trace: TRACE }, async () => client.query({ text }) as Promise<void>);
    await stop();
    expect(collector.spans.map((span) => span.name).sort()).toEqual(['job', name].sort());
    expect(Buffer.concat(collector.requests.map(({ bytes }) => bytes)).includes('ada@')).toBe(false);
  });

  it('has at most 200 statements', async () => {
    const { collector, stop } = await collecting();
    const client = { query: (_: unknown) => Promise.resolve() };
    traceStatements(client);
    await inSpan({ name: 'import', trace: TRACE }, async () => {
      for (let count = 0; count < 300; count++) await client.query('SELECT 1');
    });
    await stop();
    expect(collector.spans).toHaveLength(201);
  });
});

describe('A collector that does not answer', () => {
  it('has no more than a few thousand spans kept for it, and is told of once', async () => {
    const said: string[] = [];
    const log = {
      warn: (_: object, text: string) => said.push(text),
      info: (_: object, text: string) => said.push(text),
    };
    const collector = await Collector.start();
    ends.push(() => collector.stop());
    collector.answer = (response) => void response.writeHead(400).end();
    const tracer = new OtelTracer(traced(collector.url), log);
    for (let count = 0; count < 20_000; count++) tracer.open({ name: 'job', trace: TRACE })?.end();
    collector.answer = taken;
    await tracer.stop();
    expect(collector.spans.length).toBeGreaterThan(1000);
    expect(collector.spans.length).toBeLessThan(6000);
    expect(said.filter((text) => text.includes('cannot be sent')).length).toBeLessThanOrEqual(1);
  });
});

describe('The trace id of a request that is traced', () => {
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
  it('is that of traceparent, else X-Request-Id', () => {
    expect(tracedIdFrom({ headers: { traceparent, 'x-request-id': 'mine' } })).toBe(TRACE);
    expect(tracedIdFrom({ headers: { traceparent: 'nonsense', 'x-request-id': 'mine' } })).toBe('mine');
  });

  it('stands for one of W3C, the same for the same', () => {
    expect(w3cTraceId(TRACE)).toBe(TRACE);
    expect(w3cTraceId('0'.repeat(32))).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(w3cTraceId('my-id')).toBe(w3cTraceId('my-id'));
    expect(w3cTraceId('my-id')).not.toBe(w3cTraceId('my-ie'));
  });
});
