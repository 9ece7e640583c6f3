import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Collector, isBelow, spanNamed } from '../support/collector.js';
import { tokenIn } from '../support/inbox.js';
import { Receiver } from '../support/receiver.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { Webhooks } from '../support/webhooks.js';

const CALLER = '00f067aa0ba902b7';
const SERVER = 2;
let traces = 0;
/** An id of a trace that nothing else has. */
const newTrace = () => (++traces).toString(16).padStart(32, 'a1b2c3d4');
const parent = (trace: string, flags = '01') => ({ traceparent: `00-${trace}-${CALLER}-${flags}` });

let collector: Collector;
let receiver: Receiver;
let roster: Roster;
beforeAll(async () => {
  collector = await Collector.start();
  receiver = await Receiver.start();
  roster = await startRoster({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=s3cr3t%2Cwith%20comma,x-tenant=roster',
    OTEL_SERVICE_NAME: 'people',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,team=a%26b',
  });
  await new Webhooks(roster, await roster.signIn())
    .call('post', '', { url: `${receiver.url}/t0ken-in-path` })
    .expect(201);
});
afterAll(async () => {
  await roster.stop();
  await receiver.stop();
  await collector.stop();
});

const register = (email: string, headers: Record<string, string>) =>
  roster.api.post('/auth/register').set(headers).send({ email, password: PASSWORD }).expect(202);

describe('A trace', () => {
  it('goes from the request of a caller over its events to mail and webhook, and on to the receiver', async () => {
    const trace = newTrace();
    const answer = await register('ada@example.com', parent(trace));
    expect(answer.headers['x-trace-id']).toBe(trace);
    const names = ['POST /auth/register', 'user.created', 'mail verify-email', 'POST webhook', 'hash password'];
    const spans = await collector.traceWith(trace, ...names, /^INSERT user_events/, 'COMMIT');
    const request = spanNamed(spans, 'POST /auth/register');
    expect(request).toMatchObject({ parentSpanId: CALLER, kind: SERVER, failed: false });
    expect(request.facts).toEqual({
      'http.request.method': 'POST',
      'http.route': '/auth/register',
      'http.response.status_code': 202,
    });
    for (const span of spans)
      if (span !== request) expect([span.name, isBelow(span, request, spans)]).toEqual([span.name, true]);
    const created = spanNamed(spans, 'user.created');
    const mail = spanNamed(spans, 'mail verify-email');
    expect(mail.parentSpanId).toBe(spanNamed(spans, 'user.verification_token.created').spanId);
    expect(mail.facts).toMatchObject({ 'roster.mail.state': 'sent', 'roster.mail.attempt': 1 });
    const posted = spans.filter(({ name }) => name === 'POST webhook');
    expect(posted.map(({ parentSpanId }) => parentSpanId)).toContain(created.spanId);
    // The receiver is told of the attempt, and by the event of itself.
    const received = receiver.received.find(({ event }) => event.type === 'user.created' && event['traceid'] === trace);
    const attempt = posted.find(({ parentSpanId }) => parentSpanId === created.spanId);
    expect(received!.headers['traceparent']).toBe(`00-${trace}-${attempt!.spanId}-01`);
    expect(received!.event['traceparent']).toBe(`00-${trace}-${created.spanId}-01`);
  });

  it('holds the job that a request leaves behind, and what the job does', async () => {
    const trace = newTrace();
    await roster.api.post('/auth/request-password-reset').set(parent(trace)).send({ email: ADMIN.email }).expect(202);
    const spans = await collector.traceWith(trace, /^job /, 'mail reset-password');
    const job = spanNamed(spans, /^job /);
    expect(isBelow(job, spanNamed(spans, 'POST /auth/request-password-reset'), spans)).toBe(true);
    expect(isBelow(spanNamed(spans, 'mail reset-password'), job, spans)).toBe(true);
  });

  it.each([
    ['4bf92f3577b34da6a3ce929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['6F9619FF-8B86-D011-B42D-00CF4FC964FF', '6f9619ff8b86d011b42d00cf4fc964ff'],
  ])('without a caller of its own has the id of X-Request-Id %s', async (id, trace) => {
    const answer = await roster.api.get('/auth/methods').set('x-request-id', id).expect(200);
    expect(answer.headers['x-trace-id']).toBe(id);
    const [span] = await collector.traceWith(trace, 'GET /auth/methods');
    expect(span!.parentSpanId).toBe('');
  });

  it('with an X-Request-Id of another shape names it', async () => {
    await roster.api.get('/auth/methods').set('x-request-id', 'my.request-7').expect(200);
    await collector.traceWith(await traceOf('my.request-7'), 'GET /auth/methods');
    const span = collector.spans.find(({ facts }) => facts['roster.trace_id'] === 'my.request-7');
    expect(span?.parentSpanId).toBe('');
  });

  it('has the id of the answer where the caller sends no id, and prefers traceparent to X-Request-Id', async () => {
    const plain = await roster.api.get('/auth/methods').expect(200);
    await collector.traceWith(String(plain.headers['x-trace-id']), 'GET /auth/methods');
    const trace = newTrace();
    const both = await roster.api
      .get('/auth/methods')
      .set({ ...parent(trace), 'x-request-id': 'another' })
      .expect(200);
    expect(both.headers['x-trace-id']).toBe(trace);
  });

  it('is not sent where the caller does not record it, up to the mail', async () => {
    const [unseen, seen] = [newTrace(), newTrace()];
    await register('unseen@example.com', parent(unseen, '00'));
    await roster.inbox.waitFor('unseen@example.com');
    await register('seen@example.com', parent(seen));
    await collector.traceWith(seen, 'mail verify-email');
    const names = collector.spans.filter(({ traceId }) => traceId === unseen).map(({ name }) => name);
    // Events are read back from the log, which does not know: see docs/tracing.md.
    expect(names.filter((name) => name !== 'POST webhook')).toEqual([]);
  });

  it('shows a failure by its kind, and none of checks and metrics', async () => {
    await roster.api.get('/health/live').expect(200);
    const answer = await roster.api
      .post('/auth/login')
      .send({ identifier: 'nobody@example.com', password: 'x' })
      .expect(401);
    const spans = await collector.traceWith(String(answer.headers['x-trace-id']), 'POST /auth/login');
    expect(spanNamed(spans, 'POST /auth/login')).toMatchObject({
      failed: false,
      facts: { 'http.response.status_code': 401 },
    });
    expect(collector.spans.map(({ name }) => name).filter((name) => name.includes('health'))).toEqual([]);
  });
});

describe('The collector', () => {
  it('is sent the service, the release and the given headers, at /v1/traces', async () => {
    const answer = await roster.api.get('/auth/methods').expect(200);
    await collector.traceWith(String(answer.headers['x-trace-id']), 'GET /auth/methods');
    const { path, headers } = collector.requests[0]!;
    expect(path).toBe('/v1/traces');
    expect(headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-api-key': 's3cr3t,with comma',
      'x-tenant': 'roster',
    });
    expect(collector.resources[0]).toMatchObject({
      'service.name': 'people',
      'deployment.environment.name': 'test',
      team: 'a&b',
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
  });

  it('learns no address, name, password, token, session, client address or path of a webhook', async () => {
    const trace = newTrace();
    const email = 'grace.hopper@planted.example';
    await roster.api
      .post('/auth/register')
      .set({ ...parent(trace), 'user-agent': 'PlantedBrowser/9', 'x-forwarded-for': '203.0.113.77' })
      .send({ email, password: PASSWORD, firstName: 'Plantedname', username: 'planted_user' })
      .expect(202);
    const token = tokenIn(await roster.inbox.waitFor(email));
    await roster.api.get('/auth/verify-email').query({ token }).set(parent(trace)).expect(200);
    await roster.api.post('/auth/verify-email').set(parent(trace)).send({ token }).expect(200);
    const signedIn = await roster.api
      .post('/auth/login')
      .set(parent(trace))
      .send({ identifier: email, password: PASSWORD })
      .expect(200);
    const { accessToken, refreshToken } = signedIn.body as Record<string, string>;
    const me = await roster.api
      .get('/users/me')
      .set({ ...parent(trace), authorization: `Bearer ${accessToken}` })
      .expect(200);
    await roster.api
      .get('/users')
      .query({ search: 'plantedname' })
      .set({ ...parent(trace), authorization: `Bearer ${await roster.signIn()}` })
      .expect(200);
    await roster.api.get(`/nowhere/${email}`).set(parent(trace)).expect(404);
    await collector.traceWith(
      trace,
      'POST /auth/login',
      'GET /users/me',
      'GET /users',
      'mail verify-email',
      'POST webhook',
    );
    const spans = collector.spans.filter((span) => span.traceId === trace);
    expect(spans.length).toBeGreaterThan(30);
    const sent = Buffer.concat(collector.requests.map(({ bytes }) => bytes))
      .toString('latin1')
      .toLowerCase();
    const secrets = [
      ...['hopper', 'planted', 'plantedname', '203.0.113', 't0ken-in-path', PASSWORD, ADMIN.password, ADMIN.email],
      ...[token, accessToken!, refreshToken!, String(me.body.id), String(me.body.id).slice(0, 18)],
      ...accessToken!.split('.'),
    ];
    for (const secret of secrets) expect([secret, sent.includes(secret.toLowerCase())]).toEqual([secret, false]);
    // The search would find what is there.
    expect(sent).toContain('post /auth/login');
  });
});

async function traceOf(id: string): Promise<string> {
  const { w3cTraceId } = await import('../../src/config/trace-id.js');
  return w3cTraceId(id);
}
