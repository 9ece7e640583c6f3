import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox, tokenIn } from '../support/inbox.js';
import { eventually, freePort, type Home, makeHome, PASSWORD, RosterProcess } from '../support/process.js';
import { Crowd } from './support/crowd.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

const SECRET_KEY = 'k3yZ'.repeat(12);
const NEW_SECRET_KEY = 'n3wK'.repeat(12);
const FIVE_MINUTES_MS = 300_000;
const OTHER_CLOCK = join(PACKAGE_ROOT, 'test/faults/support/other-clock.mjs');

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let environment: Record<string, string>;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
});
beforeEach(async () => {
  database = await createTestDatabase();
  environment = {
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY,
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'error',
    PUBLIC_URL: 'http://roster.localhost',
  };
});
afterEach(async () => {
  await RosterProcess.killAll();
  await database.drop();
});
afterAll(async () => {
  await inbox.down();
  home.remove();
});

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
}

describe('Two servers whose clocks differ by ten minutes', () => {
  fault(
    'clocks-apart',
    'register people, send and take links, and take the sessions of one another',
    { people: [20, 3] },
    async ({ people }) => {
      const start = (ahead: number) =>
        RosterProcess.start(home, {
          ...environment,
          CLOCK_AHEAD_MS: String(ahead),
          NODE_OPTIONS: `--import=${OTHER_CLOCK}`,
        });
      const servers = [await start(FIVE_MINUTES_MS), await start(-FIVE_MINUTES_MS)];
      const ledger = new Ledger();
      for (let number = 0; number < people; number++) {
        const [one, other] = (number % 2 === 0 ? servers : servers.toReversed()) as [RosterProcess, RosterProcess];
        const email = `person-${number}@example.com`;
        const me = (at: RosterProcess, token: string) =>
          at.api.get('/users/me').set('authorization', `Bearer ${token}`);
        await ledger.change(`${email} registered`, () =>
          one.api.post('/auth/register').send({ email, password: PASSWORD }),
        );
        const token = tokenIn(await inbox.waitFor(email));
        await ledger.change(`${email} confirmed`, () => other.api.post('/auth/verify-email').send({ token }));
        const { body } = await one.api.post('/auth/login').send({ identifier: email, password: PASSWORD }).expect(200);
        const session = body as Session;
        await me(one, session.accessToken).expect(200);
        await me(other, session.accessToken).expect(200);
        const refreshed = await other.api
          .post('/auth/refresh')
          .send({ refreshToken: session.refreshToken })
          .expect(200);
        const { accessToken } = refreshed.body as Session;
        await me(one, accessToken).expect(200);
        await other.api.post('/auth/logout').set('authorization', `Bearer ${accessToken}`).expect(204);
        await eventually('signed out at both', async () => (await me(one, accessToken)).status === 401);
      }
      const rows = await database.query<{ email: string; verified: boolean }>(
        "SELECT email, email_verified AS verified FROM users WHERE email LIKE 'person-%'",
      );
      const found = rows.flatMap(({ email, verified }) => [
        `${email} registered`,
        ...(verified ? [`${email} confirmed`] : []),
      ]);
      return { ledger, found, remark: 'Each person also signed in at one, refreshed and signed out at the other.' };
    },
  );
});

describe('Servers under load whose keys are rotated', () => {
  fault(
    'keys-rotated',
    'refuse nobody, and take every session that was begun before',
    { rotations: [10, 2] },
    async ({ rotations }) => {
      const port = String(await freePort());
      const admin = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery staple' };
      const server = await RosterProcess.start(home, { ...environment, ...admin, PORT: port });
      const crowd = new Crowd(() => server.url);
      const tokens: string[] = [];
      const command = async (name: string, more: Record<string, string> = {}) =>
        expect(await runCommand([name], { DATABASE_URL: database.url, SECRET_KEY, ...more })).toMatchObject({
          code: 0,
        });
      for (let rotation = 0; rotation < rotations; rotation++) {
        await crowd.more(10);
        tokens.push(await server.signIn(admin.ADMIN_EMAIL, admin.ADMIN_PASSWORD));
        await command('rotate-signing-key');
      }
      await command('rotate-secret', { NEW_SECRET_KEY });
      await crowd.more(20);
      expect([...crowd.ledger.refusals]).toEqual([]);
      // As the command says: it serves on with the keys that it holds until it is started with the new one.
      await server.kill('SIGTERM');
      const renewed = await RosterProcess.start(home, {
        ...environment,
        ...admin,
        SECRET_KEY: NEW_SECRET_KEY,
        PORT: port,
      });
      await crowd.more(20);
      await crowd.home();
      for (const token of tokens) {
        await renewed.api.get('/users/me').set('authorization', `Bearer ${token}`).expect(200);
      }
      const remark =
        'No request was refused while keys were rotated; refused are those of the restart with the new `SECRET_KEY`. ' +
        'Access tokens of every key were good to the end.';
      return { ledger: crowd.ledger, found: await crowd.found(database), remark };
    },
  );
});
