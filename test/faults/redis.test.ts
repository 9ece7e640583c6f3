import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RATE_RULES } from '../../src/access/limit.decorator.js';
import { freePort } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';

/** A Redis without any file, on a port of its own. */
class RedisServer {
  private child: ChildProcess | undefined;
  private constructor(private readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async up(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', args, { stdio: 'ignore' });
    const missing = new Promise<never>((_, reject) =>
      child.once('error', () =>
        reject(new Error('These tests need redis-server and found none (Debian: apt-get install redis-server).')),
      ),
    );
    this.child = child;
    await Promise.race([missing, eventually(async () => (await this.ask('PING')) === '+PONG')]);
  }

  async down(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** The answer to a command, as it comes (RESP); empty when nobody answers. */
  async ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${command}\r\n`));
      let answer = '';
      socket.setEncoding('utf8').on('data', (data: string) => {
        answer += data;
        if (answer.endsWith('\r\n')) socket.end();
      });
      socket.on('error', () => resolve(''));
      socket.on('close', () => resolve(answer.trim()));
    });
  }
}

let redis: RedisServer;
let roster: Roster;
let replica: Roster;
beforeAll(async () => {
  redis = await RedisServer.start();
  // The proxy is this test.
  const environment = { RATE_LIMIT_ENABLED: 'true', TRUST_PROXY: '127.0.0.1', REDIS_URL: redis.url };
  roster = await startRoster(environment);
  replica = await startRoster({ ...environment, SMTP_URL: roster.inbox.url }, [], roster.database);
});
afterAll(async () => {
  await replica.app.close();
  await replica.inbox.down();
  await roster.stop();
  await redis.down();
});

const LIMIT = RATE_RULES.registration.times;
const register = (server: Roster, ip: string) =>
  server.api.post('/auth/register').set('x-forwarded-for', ip).send({ email: 'not an address' });
const statusesOf = async (ip: string, ...servers: Roster[]) =>
  Promise.all(
    Array.from({ length: LIMIT }, async (_, index) => (await register(servers[index % servers.length]!, ip)).status),
  );

describe('with REDIS_URL, a rate limit', () => {
  it('holds over replicas, and leaves nothing in PostgreSQL', async () => {
    expect(new Set(await statusesOf('198.51.100.1', roster, replica))).toEqual(new Set([400]));
    await register(roster, '198.51.100.1').expect(429);
    await register(replica, '198.51.100.1').expect(429);
    expect(await roster.database.query('SELECT key FROM rate_limits')).toEqual([]);
  });

  it('is kept under a key that names no address, and ends with its time', async () => {
    const keys = (await redis.ask('KEYS *')).split('\r\n').filter((line) => line.startsWith('roster:'));
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatch(/^roster:registration:[A-Za-z0-9_-]{43}$/);
    const milliseconds = Number((await redis.ask(`PTTL ${keys[0]}`)).slice(1));
    expect(milliseconds).toBeGreaterThan(0);
    expect(milliseconds).toBeLessThanOrEqual(RATE_RULES.registration.seconds * 1000);
  });

  it('goes on in each replica while Redis is away, and is shared again when it is back', async () => {
    await redis.down();
    expect(new Set(await statusesOf('198.51.100.2', roster))).toEqual(new Set([400]));
    await register(roster, '198.51.100.2').expect(429);
    expect(roster.logLines().map(({ msg }) => msg)).toContain('rate limit store unavailable; counting locally');
    await redis.up();
    // Each replica finds out by itself, when it is asked. Addresses of their own, so that asking uses up none of the others.
    let next = 0;
    const both = async () => {
      await redis.ask('FLUSHALL');
      for (const server of [roster, replica]) await register(server, `2001:db8:7:${(next++).toString(16)}::1`);
      return (await redis.ask('KEYS *')).match(/^roster:/gm)?.length === 2;
    };
    await eventually(both);
    expect(new Set(await statusesOf('198.51.100.3', roster, replica))).toEqual(new Set([400]));
    await register(replica, '198.51.100.3').expect(429);
  });
});
