import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort, type Home, makeHome, RosterProcess } from '../support/process.js';
import { ADMIN } from '../support/roster.js';
import type { Registered } from './support/ground.js';
import { CALLBACK, HandMadeClient } from './support/hand-made-client.js';

let home: Home;
let database: TestDatabase;
let server: RosterProcess;
let issuer: string;
let port: number;
let client: HandMadeClient;

const start = async (): Promise<void> => {
  server = await RosterProcess.start(home, {
    PORT: String(port),
    PUBLIC_URL: issuer,
    DATABASE_URL: database.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    // A start may take long beside other tests.
    REFRESH_REUSE_GRACE: '5m',
  });
};

const killAndStartAgain = async (): Promise<void> => {
  await server.kill('SIGKILL');
  await start();
};

beforeAll(async () => {
  home = makeHome();
  database = await createTestDatabase();
  port = await freePort();
  issuer = `http://localhost:${port}`;
  await start();
  const token = await server.signIn(ADMIN.email, ADMIN.password);
  const input = { name: 'Grafana', redirectUris: [CALLBACK], firstParty: true, claimsInIdToken: true };
  const answer = await server.api.post('/clients').set('authorization', `Bearer ${token}`).send(input).expect(201);
  const registered = answer.body as Registered;
  const browser = HandMadeClient.browserOf({ issuer });
  client = new HandMadeClient({ issuer, asksConsent: () => false }, registered, browser);
  const { email: identifier, password } = ADMIN;
  await browser.submit(await browser.open(`${issuer}/sign-in`), { identifier, password }, 'Sign in');
});
afterAll(async () => {
  await RosterProcess.killAll();
  await database.drop();
  home.remove();
});

it('goes on, after kill -9, with codes and tokens given before, and repeats a refresh whose answer was lost', async () => {
  const code = await client.code();
  await killAndStartAgain();
  const { status, body } = await client.exchange(code);
  expect(status).toBe(200);
  // The answer to this one is lost with the server.
  await client.refresh(body['refresh_token']);
  await killAndStartAgain();
  expect((await client.userinfo(body['access_token'])).status).toBe(200);
  const again = await client.refresh(body['refresh_token']);
  expect(again).toMatchObject({ status: 200 });
  expect((await client.userinfo(again.body['access_token'])).status).toBe(200);
});

it('gives tokens once when it is killed while it does, and signs nobody out', async () => {
  const code = await client.code();
  const cut = client.exchange(code).catch(() => undefined);
  await server.kill('SIGKILL');
  const first = await cut;
  await start();
  const again = await client.exchange(code);
  // What arrived and what is got now are never both good.
  if (first?.status === 200) expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  else expect([200, 400]).toContain(again.status);
  // The browser is asked nothing.
  expect((await client.tokens())['access_token']).toMatch(/./);
});
