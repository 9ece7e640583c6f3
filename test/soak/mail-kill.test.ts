import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually, freePort, type Home, makeHome, PASSWORD, RosterProcess } from '../support/process.js';
import { soak } from '../support/soak.js';
import { WaywardSmtp } from '../support/wayward-smtp.js';

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
  soak(
    'mail-kill',
    'have their mail each, once it was said that they are taken, and nobody else has one',
    { kills: 100, registrations: 1000 },
    async ({ counts: { kills, registrations }, progress }) => {
      let running = RosterProcess.start(home, environment);
      await running;
      const step = progress('registrations', registrations);
      const acknowledged: string[] = [];
      let unanswered = 0;
      let tried = 0;
      const client = async () => {
        while (acknowledged.length < registrations) {
          const server = await running;
          const email = `person-${++tried}@example.com`;
          try {
            const { status } = await server.api.post('/auth/register').send({ email, password: PASSWORD });
            if (status !== 202) continue;
            acknowledged.push(email);
            step();
          } catch {
            unanswered++;
            // It takes a moment until the end of a process is known.
            await sleep(20);
          }
        }
      };
      const clients = Promise.all(Array.from({ length: CLIENTS }, client));
      for (let kill = 1; kill <= kills; kill++) {
        const enough = (registrations / (kills + 1)) * kill;
        await eventually('registrations', () => acknowledged.length >= enough, 120_000);
        // At whatever moment of a registration, or of a mail.
        await sleep(Math.random() * 100);
        const killed = await running;
        running = killed.kill('SIGKILL').then(() => RosterProcess.start(home, environment));
        await running;
      }
      await clients;

      const waiting = async () => (await database.query("SELECT FROM mails WHERE state = 'queued'")).length;
      await eventually('no mail that waits', async () => (await waiting()) === 0, 120_000);
      const recipients = new Set(smtp.delivered.flatMap(({ recipients }) => recipients));
      const users = await database.query<{ email: string }>("SELECT email FROM users WHERE email LIKE 'person-%'");
      const registered = new Set(users.map(({ email }) => email));
      expect(acknowledged.filter((email) => !recipients.has(email))).toEqual([]);
      expect([...recipients].filter((email) => !registered.has(email))).toEqual([]);
      const states = await database.query<{ state: string; count: number }>(
        'SELECT state, count(*)::int FROM mails GROUP BY state',
      );
      expect(states.map(({ state }) => state)).toEqual(['sent']);
      const mails = new Set(smtp.delivered.map(({ messageId }) => messageId)).size;
      const duplicates = smtp.delivered.length - mails;
      return {
        summary:
          `${kills} times kill -9 during ${tried} registrations: all ${acknowledged.length} that were acknowledged have their mail, ` +
          `and none of the ${tried - registered.size} that were cut off before their commit; ${duplicates} of ${mails} mails came twice.`,
        figures: { tried, acknowledged: acknowledged.length, unanswered, users: registered.size, mails, duplicates },
      };
    },
  );
});
