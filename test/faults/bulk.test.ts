import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { eventually, type Home, makeHome, report, RosterProcess } from '../support/process.js';
import { as } from '../support/two-rosters.js';

const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };
const USERS = 150;

interface Act {
  readonly state: string;
  readonly done: number;
  readonly succeeded: number;
}

let home: Home;
let database: TestDatabase;
let inbox: Inbox;
let environment: Record<string, string>;
beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
  inbox = await Inbox.start();
  environment = {
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_ENABLED: 'false',
    // Or tokens of the one process would be another server's to the next.
    PUBLIC_URL: 'http://localhost:3000',
  };
});
afterAll(async () => {
  await RosterProcess.killAll();
  await inbox.down();
  await database.drop();
  home.remove();
});

it('A bulk act goes on after kill -9 where it was, and acts on nobody twice', async () => {
  let server = await RosterProcess.start(home, environment);
  const admin = await server.signIn(ADMIN.email, ADMIN.password);
  const ids: string[] = [];
  for (let index = 0; index < USERS; index++) {
    const { body } = await server.api
      .post('/users')
      .set(as(admin))
      .send({ firstName: `Row ${index}` })
      .expect(201);
    ids.push((body as { id: string }).id);
  }
  const begun = await server.api.post('/bulk-acts').set(as(admin)).send({ action: 'suspend', ids }).expect(202);
  const path = begun.headers['location'] as string;
  const read = async () => (await server.api.get(path).set(as(admin)).expect(200)).body as Act;
  await eventually('some rows', async () => (await read()).done > 5);
  await server.kill('SIGKILL');
  const [before] = await database.query<{ done: number }>('SELECT count(outcome)::int AS done FROM bulk_act_rows');
  // One that the killed server had done is reinstated meanwhile, and stays so.
  server = await RosterProcess.start(home, environment);
  await server.api.post(`/users/${ids[0]!}/reinstate`).set(as(admin)).expect(200);
  const ms = await eventually('the rest', async () => (await read()).state === 'finished', 60_000);

  report(`killed after ${String(before?.done)} of ${String(USERS)} rows; the rest was done ${String(ms)} ms later`);
  expect(before?.done).toBeLessThan(USERS);
  expect(await read()).toMatchObject({ done: USERS, succeeded: USERS });
  const events = await database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM user_events WHERE type = 'user.suspended' GROUP BY user_id",
  );
  expect(events.map(({ count }) => count)).toEqual(Array.from({ length: USERS }, () => 1));
});
