import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually, freePort, type Home, makeHome, PASSWORD, RosterProcess } from '../support/process.js';
import { WaywardSmtp } from '../support/wayward-smtp.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

const CLIENTS = 4;

let home: Home;
let smtp: WaywardSmtp;
let database: TestDatabase;
let environment: Record<string, string>;

beforeAll(async () => {
  home = makeHome();
  smtp = await WaywardSmtp.start();
  database = await createTestDatabase();
  environment = {
    DATABASE_URL: database.url,
    SMTP_URL: smtp.url(),
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_PASSWORD: 'correct horse battery staple',
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'warn',
    PORT: String(await freePort()),
  };
});
afterAll(async () => {
  await RosterProcess.killAll();
  await smtp.down();
  await database.drop();
  home.remove();
});

describe('registrations while the server is killed again and again', () => {
  fault(
    'server-killed',
    'have their mail each, once it was said that they are taken, and nobody else has one',
    { kills: 100, registrations: 1000 },
    async ({ kills, registrations }) => {
      let running = RosterProcess.start(home, environment);
      await running;
      const ledger = new Ledger();
      let tried = 0;
      const client = async () => {
        while (ledger.acknowledged.length < registrations) {
          const server = await running;
          const email = `person-${++tried}@example.com`;
          const register = () => server.api.post('/auth/register').send({ email, password: PASSWORD });
          // It takes a moment until the end of a process is known.
          if (!(await ledger.change(email, register))) await sleep(20);
        }
      };
      const clients = Promise.all(Array.from({ length: CLIENTS }, client));
      for (let kill = 1; kill <= kills; kill++) {
        const enough = (registrations / (kills + 1)) * kill;
        await eventually('registrations', () => ledger.acknowledged.length >= enough, 120_000);
        // At whatever moment of a registration, or of a mail.
        await sleep(Math.random() * 100);
        const killed = await running;
        running = killed.kill('SIGKILL').then(() => RosterProcess.start(home, environment));
        await running;
      }
      await clients;

      const waiting = async () => (await database.query("SELECT FROM mails WHERE state = 'queued'")).length;
      await eventually('no mail that waits', async () => (await waiting()) === 0, 120_000);
      const states = await database.query<{ state: string }>('SELECT DISTINCT state FROM mails');
      expect(states).toEqual([{ state: 'sent' }]);
      const users = await database.query<{ email: string }>("SELECT email FROM users WHERE email LIKE 'person-%'");
      const registered = new Set(users.map(({ email }) => email));
      const mails = new Map(smtp.delivered.map(({ messageId, recipients }) => [messageId, recipients.join()]));
      const found = [...mails.values()];
      expect(found.filter((email) => !registered.has(email))).toEqual([]);
      expect(users.map(({ email }) => email).filter((email) => !found.includes(email))).toEqual([]);
      const again = smtp.delivered.length - mails.size;
      return {
        ledger,
        found,
        remark:
          `Each registration was looked for in the database and at the mail server. Of ${mails.size} mails, ${again} came ` +
          'a second time under the same `Message-ID`, because the kill fell between the mail and the note that it was sent.',
      };
    },
  );
});
