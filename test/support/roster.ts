import { Agent } from 'node:http';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import supertest from 'supertest';
import { AppModule } from '../../src/app.module.js';
import { createApp } from '../../src/server/app-setup.js';
import { FirstAdmin } from '../../src/auth/first-admin.js';
import { HashPool } from '../../src/auth/passwords/hash-pool/hash-pool.js';
import { loadSettings } from '../../src/config/settings.js';
import { EventLog } from '../../src/events/event-log.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { Inbox, tokenIn } from './inbox.js';
import { watchApi, watchEvents } from './per-worker/contract.js';
import { shareHashing } from './per-worker/hashing.js';

export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };
export const PASSWORD = 'nine brown foxes at dawn';

export interface Roster {
  readonly app: NestFastifyApplication;
  readonly api: ReturnType<typeof supertest>;
  readonly database: TestDatabase;
  readonly inbox: Inbox;
  /** Every line that was logged, parsed. */
  readonly logLines: () => Record<string, unknown>[];
  readonly url: string;
  stop(): Promise<void>;
  /** Each time in the same browser, which is a device that the user is known by from the second time on. */
  signIn(identifier?: string, password?: string): Promise<string>;
  /** Registers, follows the mailed link, and signs in. */
  join(email: string, input?: object): Promise<{ id: string; token: string }>;
}

/** Roster as the server runs it, on a database and an SMTP server of its own. */
export async function startRoster(
  environment: Record<string, string> = {},
  extensions: Type[] = [],
  given?: TestDatabase,
): Promise<Roster> {
  const database = given ?? (await createTestDatabase());
  const inbox = await Inbox.start();
  const settings = loadSettings({
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    BCRYPT_COST: '4',
    // Beside other tests, the lowest priority waits for long.
    HASH_NICE: '0',
    // All tests come from one address.
    RATE_LIMIT_ENABLED: 'false',
    PORT: '0',
    PUBLIC_URL: 'http://localhost:3000',
    ...environment,
  });
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const app = await createApp(AppModule.forRoot(settings, log, extensions), settings, log);
  await app.init();
  watchEvents(app.get(EventLog, { strict: false }));
  shareHashing(app.get(HashPool, { strict: false }));
  await app.get(FirstAdmin).ensure();
  watchApi(app);
  await app.listen(settings.PORT, '127.0.0.1');
  const connections = new Agent({ keepAlive: true });
  const api = keepingOpen(connections, supertest(app.getHttpServer()));

  const devices = new Map<string, string>();
  const signIn = async (identifier = ADMIN.email, password = ADMIN.password): Promise<string> => {
    const device = { deviceToken: devices.get(identifier) };
    const response = await api
      .post('/auth/login')
      .send({ identifier, password, ...device })
      .expect(200);
    const { accessToken, deviceToken } = response.body as { accessToken: string; deviceToken: string };
    devices.set(identifier, deviceToken);
    return accessToken;
  };
  return {
    app,
    api,
    database,
    inbox,
    url: await app.getUrl(),
    logLines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    signIn,
    join: async (email, input = {}) => {
      await api
        .post('/auth/register')
        .send({ email, password: PASSWORD, ...input })
        .expect(202);
      const token = tokenIn(await inbox.waitFor(email));
      await api.post('/auth/verify-email').send({ token }).expect(200);
      const accessToken = await signIn(email, PASSWORD);
      const me = await api.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(200);
      return { id: (me.body as { id: string }).id, token: accessToken };
    },
    stop: async () => {
      connections.destroy();
      await app.close();
      await inbox.down();
      await database.drop();
    },
  };
}

/** The same, over connections that stay open: a new one for each request took a sixth of the time of tests. */
function keepingOpen(connections: Agent, api: Roster['api']): Roster['api'] {
  return new Proxy(api, {
    get: (target, method: 'get') => (url: string) => target[method](url).agent(connections),
  });
}
