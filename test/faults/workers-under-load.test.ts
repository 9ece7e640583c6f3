import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { changesIn, count, type LoadResult, MixedLoad } from '../support/mixed-load.js';
import { listens } from '../support/proc.js';
import { eventually, type Home, kill, makeHome, report, RosterProcess } from '../support/process.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

jest.setTimeout(300_000);

const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };
const PER_SECOND = 100;
/** From the kill of a worker until clients know that their connections are gone, on a busy machine. */
const KNOWN_AFTER_MS = 2000;

let home: Home;
let database: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
});
afterAll(async () => {
  MixedLoad.killAll();
  await RosterProcess.killAll();
  await database.drop();
  home.remove();
});

const start = () =>
  RosterProcess.start(
    home,
    {
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
      DATABASE_URL: database.url,
      SMTP_URL: 'smtp://127.0.0.1:1',
      PUBLIC_URL: 'http://roster.localhost',
      SECRET_KEY: 'k3yZ'.repeat(12),
      RATE_LIMIT_ENABLED: 'false',
      LOG_LEVEL: 'error',
      // For what is under way on a machine that does much else.
      SHUTDOWN_TIMEOUT: '60s',
    },
    ['--workers', '2'],
  );

function startLoad(server: RosterProcess): Promise<MixedLoad> {
  const mix = { me: 60, list: 5, refresh: 10, signIn: 5, register: 2, create: 8, change: 10 };
  return MixedLoad.start({ targets: [server.url], perSecond: PER_SECOND, mix, admin: ADMIN, api: server.api });
}

const surprisesOf = ({ surprises }: LoadResult) => surprises as readonly { became: string | number; begin: number }[];

describe('npm start -- --workers 2, at 100 requests a second', () => {
  fault(
    'worker-killed',
    'loses with a worker what was under way on it, and nothing else; the worker is replaced',
    { kills: [20, 3] },
    async ({ kills }) => {
      const server = await start();
      const running = await startLoad(server);
      const killedAt: number[] = [];
      for (let time = 0; time < kills; time++) {
        await sleep(1000);
        const pids = server.workers();
        expect(pids).toHaveLength(2);
        killedAt.push(Date.now());
        kill(pids[time % 2]!, 'SIGKILL');
        const serves = (pid: number) => !pids.includes(pid) && listens(pid, server.port);
        await eventually('another worker serves', () => server.workers().some(serves), 120_000);
        const before = running.acknowledged;
        await eventually('changes', () => running.acknowledged > before + 20, 60_000);
      }
      const result = await running.stop();
      const cut = surprisesOf(result);
      const unexplained = cut.filter(
        ({ became, begin }) =>
          !/^(ECONNRESET|socket hang up|EPIPE)$/.test(String(became)) ||
          !killedAt.some((at) => begin < at + KNOWN_AFTER_MS && begin > at - 60_000),
      );
      expect(unexplained).toEqual([]);
      const ledger = new Ledger();
      for (const change of result.changes) ledger.note(change);
      const token = await server.signIn(ADMIN.email, ADMIN.password);
      const found = await changesIn(server.api, token);
      expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 });
      const failed = result.sent - count(result, 'done');
      return {
        ledger,
        found,
        remark: `${failed} of ${result.sent} requests were cut, all of them under way on a worker that was killed.`,
      };
    },
  );

  it('ends at SIGTERM, and at a second one no sooner, and cuts nobody off', async () => {
    const server = await start();
    const running = await startLoad(server);
    await sleep(2000);
    const ended = server.kill('SIGTERM');
    await sleep(500);
    const again = server.kill('SIGTERM');
    const { code, ms } = await ended;
    await again;
    // Nobody listens any more.
    await sleep(500);
    const result = await running.stop();
    report(`SIGTERM to the end of two workers: ${ms} ms; ${result.sent} requests`);
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(count(result, 'done')).toBeGreaterThan(0);
    expect(surprisesOf(result).filter(({ became }) => became !== 'ECONNREFUSED')).toEqual([]);
  });
});
