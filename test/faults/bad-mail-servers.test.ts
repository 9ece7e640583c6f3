import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually, type Home, makeHome, RosterProcess } from '../support/process.js';
import { CA_FILE, WaywardSmtp, type Ways } from '../support/wayward-smtp.js';
import { Crowd } from './support/crowd.js';
import { fault } from './support/fault-table.js';

const GOOD: Ways = { tls: { at: 'STARTTLS', certificate: 'good' } };
const BAD: readonly (Ways | undefined)[] = [
  // It refuses connections.
  undefined,
  { ...GOOD, tarpitMs: 3000 },
  { ...GOOD, refuse: (_address, tries) => (tries === 1 ? 451 : undefined) },
  { ...GOOD, hangUp: (times) => times === 1 },
  {},
  { tls: { at: 'STARTTLS', certificate: 'bad' } },
];

let home: Home;
let smtp: WaywardSmtp;
let database: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  smtp = await WaywardSmtp.start(GOOD);
  database = await createTestDatabase();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await smtp.down();
  await database.drop();
  home.remove();
});

describe('Registrations while the mail server is bad in every way', () => {
  fault(
    'mail-server-bad',
    'are answered all the same, and each has its mail once the mail server is good again',
    { 'rounds of six ways': [2, 1], 'registrations a way': [20, 4] },
    async ({ 'rounds of six ways': rounds, 'registrations a way': registrations }) => {
      const server = await RosterProcess.start(home, {
        DATABASE_URL: database.url,
        SMTP_URL: `${smtp.url('smtp', 'localhost')}?requireTLS=true`,
        NODE_EXTRA_CA_CERTS: CA_FILE,
        SECRET_KEY: 'k3yZ'.repeat(12),
        RATE_LIMIT_ENABLED: 'false',
        LOG_LEVEL: 'error',
      });
      const states = async () =>
        (await database.query<{ state: string }>('SELECT DISTINCT state FROM mails ORDER BY 1')).map(
          ({ state }) => state,
        );
      const ways = Array.from({ length: rounds }, () => BAD).flat();
      const crowd = new Crowd(() => server.url, 'person', 1);
      for (const bad of ways) {
        await (bad ? smtp.up(bad) : smtp.down());
        await crowd.more(registrations);
      }
      await crowd.home();
      await smtp.up(GOOD);
      const begin = Date.now();
      await eventually('every mail sent', async () => (await states()).join() === 'sent', 120_000);
      const after = Math.round((Date.now() - begin) / 100) / 10;
      expect([...crowd.ledger.refusals]).toEqual([]);
      expect(smtp.delivered.every(({ wasEncrypted }) => wasEncrypted)).toBe(true);
      const mails = new Map(smtp.delivered.map(({ messageId, recipients }) => [messageId, recipients.join()]));
      const twice = smtp.delivered.length - mails.size;
      const remark =
        `The last mail left ${after} s after the mail server was good again. ${twice} of ${mails.size} mails came a second time under ` +
        'the same `Message-ID`: those that the mail server had and did not confirm. No mail went out without TLS, which was demanded.';
      return { ledger: crowd.ledger, found: [...mails.values()], remark };
    },
  );
});
