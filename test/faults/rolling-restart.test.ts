import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { changesIn, count, MixedLoad } from '../support/mixed-load.js';
import { Nginx } from '../support/nginx.js';
import { eventually, freePort, type Home, makeHome, report, RosterProcess } from '../support/process.js';
import { FULL } from '../support/scale.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

/** On a machine that has room for them; the full run has to be on one. */
const PER_SECOND = 200;
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let nginx: Nginx | undefined;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  database = await createTestDatabase();
});
afterAll(async () => {
  MixedLoad.killAll();
  await nginx?.stop();
  await RosterProcess.killAll();
  await database.drop();
  await inbox.down();
  home.remove();
});

const start = (port: number) =>
  RosterProcess.start(home, {
    ...ADMIN,
    PORT: String(port),
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    // One for both, as behind a proxy.
    PUBLIC_URL: 'http://roster.localhost',
    SECRET_KEY: 'k3yZ'.repeat(12),
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'warn',
    // As in production, where it waits for load balancers.
    SHUTDOWN_DELAY: '1s',
    // For what is under way on a machine that does much else.
    SHUTDOWN_TIMEOUT: '60s',
    // Sign-ins and registrations far below what the cores can hash, so that none is refused as busy.
    BCRYPT_COST: '8',
  });

describe('a rolling restart of two servers behind nginx, at 200 requests a second', () => {
  fault(
    'rolling-restart',
    'loses no request: none is answered with an error, none is cut',
    { restarts: [20, 4] },
    async ({ restarts }) => {
      const servers: RosterProcess[] = [];
      for (let server = 0; server < 2; server++) servers.push(await start(await freePort()));
      const front = (nginx = await Nginx.start(...servers.map(({ port }) => `127.0.0.1:${port}`)));
      const { api } = servers[0]!;
      const load = await MixedLoad.start({
        targets: [`http://127.0.0.1:${front.port}`],
        perSecond: PER_SECOND,
        mix: { me: 74, list: 5, refresh: 12, signIn: 2, register: 1, create: 2, change: 4 },
        admin: { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD },
        api,
      });
      if (FULL) expect(load.perSecond).toBe(PER_SECOND);
      let slowestEnd = 0;
      for (let restart = 0; restart < restarts; restart++) {
        const server = servers[restart % 2]!;
        const { code, ms } = await server.kill('SIGTERM');
        expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
        slowestEnd = Math.max(slowestEnd, ms);
        servers[restart % 2] = await start(server.port);
        // Longer than nginx leaves out a server that refused: only then can the other one be spared.
        await sleep(1500);
      }
      const result = await load.stop();
      // Hashing that is refused because all cores are busy says so by itself; nothing else may be refused.
      const busy = count(result, '503 busy');
      const failed = result.sent - count(result, 'done') - busy;
      if (failed > 0) report(JSON.stringify(result.outcomes));
      expect({ failed, surprises: result.surprises, sessionsLost: result.sessionsLost }).toEqual({
        failed: 0,
        surprises: [],
        sessionsLost: 0,
      });
      expect(count(result, 'done', 'signIn')).toBeGreaterThan(0);

      const ledger = new Ledger();
      for (const change of result.changes) ledger.note(change);
      const registered = ledger.acknowledged.filter((name) => name.includes('@'));
      const mails = () => registered.map((email) => inbox.to(email).length);
      await eventually('a mail to everybody', () => !mails().includes(0), 120_000);
      expect(mails().filter((times) => times !== 1)).toEqual([]);
      const token = await servers[0]!.signIn(ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
      return {
        ledger,
        found: await changesIn(api, token),
        remark:
          `${failed} of ${result.sent} requests failed (${Math.round(result.sent / result.seconds)} a second), ${busy} sign-ins or registrations were refused as busy; the slowest answer ` +
          `took ${Math.max(...Object.values(result.slowest))} ms, the end of a server ${slowestEnd} ms at most.`,
      };
    },
  );
});
