import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Home, makeHome, PASSWORD, RosterProcess } from '../support/process.js';
import { Crowd } from './support/crowd.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

/** Far more than connections and their buffers need, and far less than what would grow with what clients send. */
const MOST_MIB = 300;

let home: Home;
let database: TestDatabase;
let environment: Record<string, string>;
beforeAll(() => void (home = makeHome()));
beforeEach(async () => {
  database = await createTestDatabase();
  environment = {
    DATABASE_URL: database.url,
    SMTP_URL: 'smtp://127.0.0.1:1',
    SECRET_KEY: 'k3yZ'.repeat(12),
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'error',
  };
});
afterEach(async () => {
  await RosterProcess.killAll();
  await database.drop();
});
afterAll(() => home.remove());

/** What a process has in memory, in MiB. */
const memoryOf = ({ pid }: RosterProcess): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe('A server with clients that send a byte at a time', () => {
  const HEAD = 'POST /auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n';
  const BEGUN = [HEAD.slice(0, 40), `${HEAD}\r\n{"email":"`];

  fault(
    'slow-clients',
    'serves the others, keeps its memory, and hangs up on the slow ones',
    { clients: [5000, 500] },
    async ({ clients }) => {
      const server = await RosterProcess.start(home, environment);
      const crowd = new Crowd(() => server.url, 'beside-slow');
      await crowd.more(10);
      const before = memoryOf(server);
      const slow: Socket[] = [];
      for (let number = 0; number < clients; number++) {
        const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
        socket.resume();
        await once(socket, 'connect');
        socket.write(BEGUN[number % BEGUN.length]!);
        slow.push(socket);
      }
      const areOpen = () => slow.filter(({ closed }) => !closed).length;
      let most = memoryOf(server);
      expect(areOpen()).toBeGreaterThan(clients / 2);
      for (let seconds = 0; areOpen() > 0; seconds++) {
        // 30 seconds for a request, and some more until Node looks.
        expect(seconds).toBeLessThan(100);
        for (const socket of slow) if (!socket.closed) socket.write('x');
        await sleep(1000);
        most = Math.max(most, memoryOf(server));
      }
      await crowd.more(10);
      await crowd.home();
      expect(most - before).toBeLessThan(MOST_MIB);
      expect([...crowd.ledger.refusals]).toEqual([]);
      await server.kill('SIGTERM');
      return {
        ledger: crowd.ledger,
        found: await crowd.found(database),
        remark:
          `The server's memory rose from ${Math.round(before)} to ${Math.round(most)} MiB. All slow clients were hung up on ` +
          'within their 30 seconds; nobody else was refused.',
      };
    },
  );
});

describe('A server that is asked to register ten times as many people as it can hash passwords of', () => {
  const TIMES = 10;

  fault(
    'overload',
    'registers as many as it can, tells the others at once when to come again, and serves who is signed in',
    { seconds: [60, 8] },
    async ({ seconds }) => {
      const admin = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };
      const server = await RosterProcess.start(home, { ...environment, ...admin, BCRYPT_COST: '10', HASH_NICE: '19' });
      const token = await server.signIn(admin.ADMIN_EMAIL, admin.ADMIN_PASSWORD);
      const possible = await registrationsASecond(server);
      const ledger = new Ledger();
      const reads: { readonly status: number; readonly ms: number }[] = [];
      const open: Promise<unknown>[] = [];
      const begin = performance.now();
      for (let number = 0; performance.now() - begin < seconds * 1000; number++) {
        const email = `overload-${number}@example.com`;
        open.push(ledger.change(email, () => server.api.post('/auth/register').send({ email, password: PASSWORD })));
        if (number % TIMES === 0) {
          const sent = performance.now();
          const read = server.api.get('/users/me').set('authorization', `Bearer ${token}`);
          open.push(read.then(({ status }) => reads.push({ status, ms: performance.now() - sent })));
        }
        await sleep(Math.max(0, begin + ((number + 1) * 1000) / (possible * TIMES) - performance.now()));
      }
      await Promise.all(open);
      expect(ledger.refusals.get('503')).toBeGreaterThan(0);
      // The last wave may have been refused.
      for (let number = 0; !ledger.isServed && number < 50; number++) {
        const email = `overload-after-${number}@example.com`;
        await ledger.change(email, () => server.api.post('/auth/register').send({ email, password: PASSWORD }));
      }
      // 503 where the server cannot know in time whether the session goes on.
      expect(reads.filter(({ status }) => ![200, 503].includes(status))).toEqual([]);
      const times = reads.map(({ ms }) => ms).sort((one, other) => one - other);
      const answered = reads.filter(({ status }) => status === 200).length;
      const rows = await database.query<{ email: string }>("SELECT email FROM users WHERE email LIKE 'overload-%'");
      const tried = ledger.acknowledged.length + ledger.refused;
      return {
        ledger,
        found: rows.map(({ email }) => email),
        remark:
          `Alone it registers ${Math.round(possible)} people a second there; ${Math.round(tried / seconds)} a second were tried. Meanwhile ` +
          `${answered} of ${reads.length} reads of a profile were answered, in the middle after ${Math.round(times[times.length >> 1] ?? 0)} ms.`,
      };
    },
  );

  /** By few clients, one after the other. */
  async function registrationsASecond(server: RosterProcess): Promise<number> {
    const crowd = new Crowd(() => server.url, 'before-overload');
    const begin = performance.now();
    await crowd.more(30);
    const rate = (30 * 1000) / (performance.now() - begin);
    await crowd.home();
    return rate;
  }
});
