import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { eventually, type Home, makeHome, report, RosterProcess } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

jest.setTimeout(90_000);

const ADMIN_PASSWORD = 'correct horse battery staple';
const USERS = 30;

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let receiver: Receiver;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  database = await createTestDatabase();
  receiver = await Receiver.start();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await receiver.stop();
  await inbox.down();
  await database.drop();
  home.remove();
});

function start(): Promise<RosterProcess> {
  const environment = { SMTP_URL: inbox.url, SECRET_KEY: 'k3yZ'.repeat(12), ADMIN_PASSWORD };
  return RosterProcess.start(home, { DATABASE_URL: database.url, ...environment });
}

describe('A server that is killed with webhooks under way', () => {
  it('loses none of them: the next one sends what was leased, and what waited, in the order of each user', async () => {
    receiver.answer = receiver.hold;
    const server = await start();
    const token = await server.signIn('admin@localhost', ADMIN_PASSWORD);
    const as = { authorization: `Bearer ${token}` };
    await server.api.post('/webhooks').set(as).send({ url: receiver.url }).expect(201);
    const ids: string[] = [];
    for (let count = 0; count < USERS; count++) {
      const made = await server.api.post('/users').set(as).send({ firstName: 'Ada' }).expect(201);
      ids.push(String(made.body.id));
      await server.api.patch(`/users/${ids[count]!}`).set(as).send({ bio: 'x' }).expect(200);
    }
    await eventually('some under way', () => receiver.held.length === 8);
    await server.kill('SIGKILL');
    receiver.answer = () => 204;
    receiver.release();

    await start();
    const types = (id: string) => [...new Set(receiver.types(id))];
    const ms = await eventually('everything', () => ids.every((id) => types(id).length === 2), 60_000);

    report(`running again to ${2 * USERS} messages, 8 of which the killed server had leased: ${ms} ms`);
    for (const id of ids) expect(types(id)).toEqual(['user.created', 'user.updated']);
    const twice = receiver.received.length - new Set(receiver.received.map(({ event }) => event.id)).size;
    report(`messages that came twice, with the same id: ${twice}`);
    await eventually('all delivered', async () => {
      const rows = await database.query("SELECT FROM webhook_deliveries WHERE state <> 'delivered'");
      return rows.length === 0;
    });
  });
});
