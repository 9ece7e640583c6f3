import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { RATE_RULES } from '../../src/access/limit.decorator.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Home, makeHome, report, RosterProcess } from '../support/process.js';

jest.setTimeout(120_000);

const CONNECTIONS = 40;
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };

let home: Home;
let database: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await database.drop();
  home.remove();
});

const start = (environment: Record<string, string> = {}) =>
  RosterProcess.start(home, {
    ...ADMIN,
    DATABASE_URL: database.url,
    SMTP_URL: 'smtp://127.0.0.1:1',
    SECRET_KEY: 'k3yZ'.repeat(12),
    RATE_LIMIT_ENABLED: 'false',
    BCRYPT_COST: '12',
    HASH_NICE: '19',
    ...environment,
  });

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly sentAt: number;
}
type Outcome = Answer | { readonly error: string; readonly sentAt: number };

/** One client with one connection, which it keeps open for as long as the server lets it. */
class Client {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly port: number) {}

  async send(path: string, body?: object): Promise<Outcome> {
    const sentAt = Date.now();
    const method = body ? 'POST' : 'GET';
    const headers = { 'content-type': 'application/json' };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request({ port: this.port, host: '127.0.0.1', path, method, headers, agent: this.agent });
    outgoing
      .on('response', resolve)
      .on('error', reject)
      .end(body && JSON.stringify(body));
    try {
      const response = await promise;
      const text = Buffer.concat((await response.toArray()) as Buffer[]).toString();
      const parsed = JSON.parse(text) as Record<string, unknown>;
      return { status: response.statusCode ?? 0, headers: response.headers, body: parsed, sentAt };
    } catch (error) {
      return { error: String((error as { code?: unknown }).code ?? error), sentAt };
    }
  }

  /** Signs in again and again until nobody listens any more. */
  async signInAsLongAsPossible(identifier: string, password: string): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (;;) {
      const outcome = await this.send('/auth/login', { identifier, password });
      outcomes.push(outcome);
      if ('error' in outcome) return outcomes;
      await sleep(5 * Math.random());
    }
  }
}

describe('SIGTERM while people sign in', () => {
  it('cuts nobody off: each request has its answer, or is told by a problem to come again', async () => {
    const server = await start();
    const probe = new Client(server.port);
    // Mail is down, and what is vital is not.
    expect(await probe.send('/health/ready')).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
    const clients = Array.from({ length: CONNECTIONS }, () => new Client(server.port));
    const running = clients.map((client, index) =>
      index % 4 === 0
        ? client.signInAsLongAsPossible(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD)
        : client.signInAsLongAsPossible(`nobody-${index}@example.com`, 'seven idle boats on slate water'),
    );
    await sleep(2000);

    const stoppedAt = Date.now();
    const ended = server.kill('SIGTERM');
    await sleep(200);
    expect(await probe.send('/health/ready')).toMatchObject({
      status: 503,
      body: { status: 'down', checks: { serving: 'down' } },
    });
    const { code, ms } = await ended;
    const outcomes = await Promise.all(running);

    report(`SIGTERM to exit beside ${CONNECTIONS} clients: ${ms} ms`);
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    const cut = outcomes.flat().filter((outcome) => 'error' in outcome && outcome.error !== 'ECONNREFUSED');
    expect(cut.map((outcome) => ({ ...outcome, afterTheSignal: outcome.sentAt - stoppedAt }))).toEqual([]);
    for (const each of outcomes) {
      // The last found nobody listening, which is not to be cut off: no request was sent.
      expect(each.at(-1)).toMatchObject({ error: 'ECONNREFUSED' });
      const answers = each.filter((outcome) => 'status' in outcome);
      expect(answers).toHaveLength(each.length - 1);
      for (const answer of answers) expectRealAnswer(answer);
      // Under way, or sent on an open connection, when the signal came; and told to make another connection.
      expect(answers.at(-1)!.headers).toMatchObject({ connection: 'close' });
    }
    const late = outcomes.flat().filter(({ sentAt }) => sentAt > stoppedAt).length;
    report(`${outcomes.flat().length} requests, ${late} of them after the signal`);
    expect(late).toBeGreaterThan(CONNECTIONS);
  });

  it('answers what takes longer than ten seconds, where SHUTDOWN_TIMEOUT allows it', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT: '60s', BCRYPT_COST: '4' });
    const authorization = `Bearer ${await server.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD)}`;
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users FOR UPDATE');
    const change = server.api.patch('/users/me').set({ authorization }).send({ nickname: 'patient' }).then();
    await sleep(500);
    const ended = server.kill('SIGTERM');
    await sleep(12_000);
    await holder.query('ROLLBACK');
    await holder.end();
    expect((await change).status).toBe(200);
    expect({ code: (await ended).code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('ends the streams of events at once, and takes no second for it when nobody is connected', async () => {
    const server = await start();
    const token = await server.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
    const stream = await fetch(`${server.url}/events`, { headers });
    const read = stream.text();
    const ended = server.kill('SIGTERM');
    // Its end, and no break: the client knows where to go on.
    expect(await read).toContain('retry: 2000');
    expect((await ended).code).toBe(0);
  });
});

/** A request whose body is yet to come. */
async function beginRequest(port: number): Promise<{ finish(): Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const head = [
    'POST /auth/register HTTP/1.1',
    'host: x',
    'content-type: application/json',
    'content-length: 2',
    '',
    '',
  ];
  socket.write(head.join('\r\n'));
  return {
    finish: async () => {
      socket.write('{}');
      return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    },
  };
}

describe('SIGTERM while clients meet a limit', () => {
  it('leaves evidence of each of them, also of what is refused while the server ends', async () => {
    const server = await start({ RATE_LIMIT_ENABLED: 'true' });
    const { times } = RATE_RULES.registration;
    await Promise.all(Array.from({ length: times }, () => server.api.post('/auth/register').send({}).expect(400)));
    const begun = await Promise.all(Array.from({ length: 20 }, () => beginRequest(server.port)));
    const ended = server.kill('SIGTERM');
    // By then nobody can connect any more, and what works beside the server has ended.
    await sleep(2000);
    const answers = await Promise.all(begun.map((one) => one.finish()));
    expect(answers.map((answer) => answer.slice(0, 12))).toEqual(begun.map(() => 'HTTP/1.1 429'));
    expect((await ended).code).toBe(0);
    const [evidence] = await database.query<{ times: number }>(
      "SELECT sum(times)::int AS times FROM auth_events WHERE type = 'limit.exceeded' AND what = 'POST /auth/register'",
    );
    expect(evidence).toEqual({ times: begun.length });
  });
});

function expectRealAnswer({ status, headers, body }: Answer): void {
  expect(headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
  if (status === 200) {
    expect(body).toHaveProperty('accessToken');
    return;
  }
  expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(body['traceId']).toBe(headers['x-trace-id']);
  if (status === 401) {
    expect(body['code']).toBe('invalid-credentials');
    return;
  }
  expect([status, Number(headers['retry-after']) > 0]).toEqual([503, true]);
  expect(['busy', 'shutting-down']).toContain(body['code']);
}
