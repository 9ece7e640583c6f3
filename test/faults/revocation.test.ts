import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox } from '../support/inbox.js';
import { eventually, type Home, makeHome, report, RosterProcess } from '../support/process.js';
import { Proxy } from '../support/proxy.js';
import { as, type SignedIn } from '../support/two-rosters.js';

const ADMIN = { identifier: 'admin@localhost', password: 'correct horse battery staple' };
/** What was committed longer ago counts everywhere. */
const PROMISE_MS = 100;

let home: Home;
let inbox: Inbox;
let database: TestDatabase;
let hints: Proxy;
let everything: Proxy;
let here: RosterProcess;
let there: RosterProcess;
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  database = await createTestDatabase();
  hints = await Proxy.before(new URL(database.url));
  everything = await Proxy.before(new URL(database.url));
  const settings = {
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_PASSWORD: ADMIN.password,
    PUBLIC_URL: 'https://accounts.example.com',
  };
  here = await RosterProcess.start(home, settings);
  there = await RosterProcess.start(home, {
    ...settings,
    DATABASE_URL: everything.url,
    DATABASE_DIRECT_URL: hints.url,
  });
});
afterAll(async () => {
  await RosterProcess.killAll();
  await hints.down();
  await everything.down();
  await inbox.down();
  await database.drop();
  home.remove();
});

async function signIn(): Promise<SignedIn> {
  return (await here.api.post('/auth/login').send(ADMIN).expect(200)).body as SignedIn;
}

const me = (at: RosterProcess, token: string) => at.api.get('/users/me').set(as(token));
const refresh = (at: RosterProcess, refreshToken: string) => at.api.post('/auth/refresh').send({ refreshToken });

/** Signs out here, time and again, and sees there. */
async function signOutOften(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    const { accessToken, refreshToken } = await signIn();
    await me(there, accessToken).expect(200);
    await here.api.post('/auth/logout').set(as(accessToken)).expect(204);
    await sleep(PROMISE_MS);
    await me(there, accessToken).expect(401);
    await refresh(there, refreshToken).expect(401);
  }
}

describe('two servers, each a process of its own', () => {
  it('give 50 refreshes of one token at once one successor, and end the session when it is used after the grace', async () => {
    const session = await signIn();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => refresh(index % 2 ? here : there, session.refreshToken)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const [successor, ...more] = new Set(answers.map(({ body }) => (body as SignedIn).refreshToken));
    expect(more).toEqual([]);
    await database.query("UPDATE sessions SET rotated_at = rotated_at - interval '10 seconds'");
    await refresh(there, session.refreshToken).expect(401);
    await refresh(here, successor!).expect(401);
    await sleep(PROMISE_MS);
    await me(here, session.accessToken).expect(401);
  });

  it('leave nothing alive of a session that refreshes while it signs out', async () => {
    for (let round = 0; round < 5; round++) {
      const { accessToken, refreshToken } = await signIn();
      const [logout, ...answers] = await Promise.all([
        here.api.post('/auth/logout').set(as(accessToken)),
        ...[there, here, there].map((at) => refresh(at, refreshToken)),
      ]);
      expect(logout.status).toBe(204);
      await sleep(PROMISE_MS);
      for (const { status, body } of answers) {
        if (status === 401) continue;
        const next = body as SignedIn;
        for (const at of [here, there]) {
          await me(at, next.accessToken).expect(401);
          await refresh(at, next.refreshToken).expect(401);
        }
      }
    }
  });

  it('know of a logout at once, also when the connection for hints was silently cut', async () => {
    await signOutOften();
    hints.silent = true;
    await signOutOften();
  });

  it('let nobody in from memory while the database is out of reach', async () => {
    const { accessToken } = await signIn();
    await me(there, accessToken).expect(200);
    everything.silent = true;
    await here.api.post('/auth/logout').set(as(accessToken)).expect(204);
    await sleep(PROMISE_MS);
    const begin = Date.now();
    const { status, headers } = await me(there, accessToken);
    report(`refused after ${Date.now() - begin} ms without an answer of the database`);
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 503, retryAfter: '1' });

    await everything.down();
    everything.silent = hints.silent = false;
    await me(there, accessToken).expect(503);
    await everything.up();
    await eventually('answers again', async () => (await me(there, accessToken)).status === 401);
    const next = await signIn();
    await me(there, next.accessToken).expect(200);
  });
});
