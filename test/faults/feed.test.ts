import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { EventReader } from '../support/event-stream.js';
import { Inbox } from '../support/inbox.js';
import { eventually, type Home, makeHome, report, RosterProcess } from '../support/process.js';

const ADMIN_PASSWORD = 'correct horse battery staple';
const EVENTS = 1500;
const BYTES = 6000;

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  database = await createTestDatabase();
});
afterAll(async () => {
  await RosterProcess.killAll();
  await inbox.down();
  await database.drop();
  home.remove();
});

function start(): Promise<RosterProcess> {
  const environment = { SMTP_URL: inbox.url, SECRET_KEY: 'k3yZ'.repeat(12), ADMIN_PASSWORD };
  return RosterProcess.start(home, { DATABASE_URL: database.url, ...environment });
}

/** More than sockets hold. */
async function addMuch(): Promise<void> {
  await database.query(
    `INSERT INTO user_events (id, user_id, user_version, type, schema_version, actor, trace_id, occurred_at, data, key_id, hash)
     SELECT gen_random_uuid(), '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', n, 'user.suspended', 1, '{"kind":"system"}', 'feed', now(),
       jsonb_build_object('reason', repeat('x', $2)), (SELECT id FROM keys WHERE purpose = 'event-chain'), '\\x00'
     FROM generate_series(1, $1) AS n`,
    [EVENTS, BYTES],
  );
}

describe('A server with readers of the feed', () => {
  it('ends in order on SIGTERM, though one of them takes nothing, and the others go on at the next server', async () => {
    const server = await start();
    const token = await server.signIn('admin@localhost', ADMIN_PASSWORD);
    await addMuch();
    const stuck = await EventReader.open(server.url, { token });
    stuck.response.pause();
    const reader = await EventReader.open(server.url, { token, path: '/events' });
    await reader.until('everything', ({ events }) => events.length >= EVENTS);

    const { code, ms } = await server.kill('SIGTERM');

    report(`SIGTERM to exit with a reader that takes nothing: ${ms} ms`);
    expect({ code, stderr: server.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ms).toBeLessThan(10_000);
    await eventually('the end of the stream', () => reader.ended);
    expect(reader.response.complete).toBe(true);

    const next = await start();
    const again = await next.signIn('admin@localhost', ADMIN_PASSWORD);
    const resumed = await EventReader.open(next.url, { token: again, lastEventId: String(Number(reader.lastId) - 1) });
    await resumed.until('what it had not taken', ({ events }) => events.length > 0);
    expect(resumed.events[0]).toEqual(reader.events.at(-1));
    resumed.leave();
    await next.kill('SIGTERM');
  });
});
