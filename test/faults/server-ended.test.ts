import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort, type Home, makeHome, RosterProcess } from '../support/process.js';
import { Crowd } from './support/crowd.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

const ADMIN_PASSWORD = 'correct horse battery staple';
const ENVIRONMENT = {
  SMTP_URL: 'smtp://127.0.0.1:1',
  SECRET_KEY: 'k3yZ'.repeat(12),
  RATE_LIMIT_ENABLED: 'false',
  ADMIN_PASSWORD,
  LOG_LEVEL: 'warn',
};

let home: Home;
beforeAll(() => void (home = makeHome()));
afterAll(async () => {
  await RosterProcess.killAll();
  home.remove();
});

describe('A server that is told to end again and again', () => {
  let database: TestDatabase;
  beforeAll(async () => void (database = await createTestDatabase()));
  afterAll(() => database.drop());

  fault(
    'server-ended',
    'answers every request that it has, cuts none off, and ends with code 0',
    { restarts: [10, 2] },
    async ({ restarts }) => {
      const environment = { ...ENVIRONMENT, DATABASE_URL: database.url, PORT: String(await freePort()) };
      let server = await RosterProcess.start(home, environment);
      const crowd = new Crowd(() => server.url);
      for (let restart = 0; restart < restarts; restart++) {
        await crowd.more(20);
        expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 });
        server = await RosterProcess.start(home, environment);
      }
      await crowd.more(20);
      await crowd.home();
      // Who found nobody listening had sent no request.
      expect([...crowd.ledger.refusals.keys()].filter((refusal) => !['ECONNREFUSED', '503'].includes(refusal))).toEqual(
        [],
      );
      return { ledger: crowd.ledger, found: await crowd.found(database) };
    },
  );
});

describe('Two servers that start for the first time at the same moment', () => {
  fault(
    'two-first-starts',
    'migrate the database once and make one admin, who signs in at both',
    { 'pairs of starts': [10, 1] },
    async ({ 'pairs of starts': pairs }) => {
      const ledger = new Ledger();
      const found: string[] = [];
      for (let pair = 1; pair <= pairs; pair++) {
        const database = await createTestDatabase('template0');
        const environment = { ...ENVIRONMENT, DATABASE_URL: database.url, LOG_LEVEL: 'info' };
        const servers = await Promise.all([1, 2].map(() => RosterProcess.launch(home, environment)));
        await Promise.all(servers.map((server) => server.running()));
        expect(servers.filter(({ stdout }) => stdout.includes('database migrated'))).toHaveLength(1);
        for (const [number, server] of servers.entries()) {
          await ledger.change(`pair ${pair}, server ${number}`, () =>
            server.api.post('/auth/login').send({ identifier: 'admin@localhost', password: ADMIN_PASSWORD }),
          );
        }
        const admins = await database.query("SELECT FROM users WHERE role = 'ADMIN'");
        for (const number of servers.keys()) found.push(...admins.map(() => `pair ${pair}, server ${number}`));
        for (const server of servers) expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 });
        await database.drop();
      }
      return { ledger, found, remark: 'What is counted are sign-ins of the admin, one at each server.' };
    },
  );
});

describe('Two servers that are started again at the same moment', () => {
  let database: TestDatabase;
  beforeAll(async () => void (database = await createTestDatabase()));
  afterAll(() => database.drop());

  fault(
    'two-restarts',
    'serve with everything that they had acknowledged, and nothing is set up a second time',
    { 'pairs of restarts': [10, 2] },
    async ({ 'pairs of restarts': pairs }) => {
      const ports = [await freePort(), await freePort()];
      const start = () =>
        Promise.all(
          ports.map((port) =>
            RosterProcess.start(home, { ...ENVIRONMENT, DATABASE_URL: database.url, PORT: String(port) }),
          ),
        );
      const setUp = () =>
        database.query(
          `SELECT (SELECT count(*) FROM users WHERE role = 'ADMIN') AS admins, (SELECT count(*) FROM keys) AS keys,
             (SELECT json_agg(migrations ORDER BY id) FROM migrations)::text AS migrations`,
        );
      let servers = await start();
      const before = await setUp();
      const crowd = new Crowd((tried) => servers[tried % 2]!.url);
      for (let pair = 0; pair < pairs; pair++) {
        await crowd.more(20);
        await Promise.all(servers.map((server) => server.kill('SIGKILL')));
        servers = await start();
        expect(await setUp()).toEqual(before);
      }
      await crowd.more(20);
      await crowd.home();
      for (const server of servers) await server.signIn('admin@localhost', ADMIN_PASSWORD);
      return { ledger: crowd.ledger, found: await crowd.found(database) };
    },
  );
});
