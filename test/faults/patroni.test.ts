import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { Inbox } from '../support/inbox.js';
import { changesIn, count, type LoadResult, MixedLoad } from '../support/mixed-load.js';
import { PatroniCluster } from '../support/patroni.js';
import { eventually, type Home, makeHome, PASSWORD, report, RosterProcess } from '../support/process.js';
import { fault } from './support/fault-table.js';
import { Ledger } from './support/ledger.js';

jest.setTimeout(600_000);

const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };
const PER_SECOND = 50;
const RECOVERY_MS = 180_000;

let home: Home;
let inbox: Inbox;
let cluster: PatroniCluster;
let environment: Record<string, string>;
let servers: readonly [RosterProcess, RosterProcess];
beforeAll(async () => {
  home = makeHome();
  inbox = await Inbox.start();
  cluster = await PatroniCluster.start();
  environment = {
    DATABASE_URL: cluster.pooledUrl,
    DATABASE_DIRECT_URL: cluster.directUrl,
    SMTP_URL: inbox.url,
    PUBLIC_URL: 'http://roster.localhost',
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_ENABLED: 'false',
    LOG_LEVEL: 'warn',
  };
  servers = [await RosterProcess.start(home, environment), await RosterProcess.start(home, environment)];
}, 400_000);
afterAll(async () => {
  MixedLoad.killAll();
  await RosterProcess.killAll();
  await cluster.stop();
  await inbox.down();
  home.remove();
});

const ready = async (server: RosterProcess) => (await server.api.get('/health/ready')).status;
const bothAre = async (status: number) => (await Promise.all(servers.map(ready))).every((one) => one === status);

async function startLoad(): Promise<MixedLoad> {
  await cluster.whole();
  await eventually('both are ready', () => bothAre(200), RECOVERY_MS);
  return MixedLoad.start({
    targets: servers.map(({ url }) => url),
    perSecond: PER_SECOND,
    mix: { me: 30, list: 5, refresh: 15, signIn: 5, register: 5, create: 20, change: 20 },
    admin: ADMIN,
    api: servers[0].api,
  });
}

/** Does it to the database under load. @returns once both servers have done changes again and say that they are ready */
async function breakAndRecover(running: MixedLoad, act: () => Promise<void>): Promise<void> {
  const before = running.acknowledged;
  await eventually('changes', () => running.acknowledged > before + 20, RECOVERY_MS);
  await act();
  const after = running.acknowledged;
  await eventually('changes again', () => running.acknowledged > after + 20, RECOVERY_MS);
  await eventually('both are ready', () => bothAre(200), RECOVERY_MS);
}

/** From the answer to a sign-out at one server until the other one refuses the session. */
async function revocationMs(): Promise<number> {
  const [one, other] = servers;
  const token = await one.signIn(ADMIN.email, ADMIN.password);
  const asked = () => fetch(`${other.url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
  expect((await asked()).status).toBe(200);
  await one.api.post('/auth/logout').set('authorization', `Bearer ${token}`).expect(204);
  const begin = performance.now();
  while ((await asked()).status !== 401) if (performance.now() - begin > 60_000) throw new Error('It is not revoked');
  return Math.round(performance.now() - begin);
}

/** What a load has seen, once all of its changes were looked for in the log of events. */
async function outcomeOf(running: MixedLoad, revocations: readonly number[]) {
  const result = await running.stop();
  const [{ api }] = servers;
  const token = await servers[0].signIn(ADMIN.email, ADMIN.password);
  const ledger = new Ledger();
  for (const change of result.changes) ledger.note(change);
  expectToldOnly503(result);
  const remark =
    `Longest time without any change: ${longestPauseMs(result)} ms. ` +
    (revocations.length > 0
      ? `Revocations on the other server afterwards: at most ${Math.max(...revocations)} ms. `
      : '') +
    `Sessions lost, as the answer to a refresh was lost for longer than \`REFRESH_REUSE_GRACE\`: ${result.sessionsLost}.`;
  await everythingIsNumbered(token);
  return { ledger, found: await changesIn(api, token), remark };
}

function expectToldOnly503(result: LoadResult): void {
  if (result.surprises.length > 0) report(JSON.stringify(result.surprises));
  // Neither 500, nor anything else that no database could make a server say.
  expect({ surprises: result.surprises, cut: count(result, /^E/) }).toEqual({ surprises: [], cut: 0 });
}

function longestPauseMs({ changes }: LoadResult): number {
  const ends = changes.filter(({ refusal }) => refusal === undefined).map(({ end }) => end);
  return ends.reduce((longest, end, at) => Math.max(longest, end - (ends[at - 1] ?? end)), 0);
}

/** A new leader has numbered what the old one had not. */
async function everythingIsNumbered(token: string): Promise<void> {
  const waiting = async () => {
    const { text } = await servers[0].api.get('/metrics').set('authorization', `Bearer ${token}`).expect(200);
    return /^roster_events_waiting (\d+)$/m.exec(text)?.[1];
  };
  await eventually('all events have positions', async () => (await waiting()) === '0', RECOVERY_MS);
}

describe('two servers behind PgBouncer and HAProxy, on a primary with a synchronous standby under Patroni', () => {
  fault(
    'primary-lost',
    'lose no acknowledged change with the primary, refuse with 503 meanwhile, say so by their readiness, and go on by themselves',
    { kills: 10 },
    async ({ kills }) => {
      const running = await startLoad();
      const revocations: number[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const { primary, standby } = await cluster.whole();
        await breakAndRecover(running, async () => {
          cluster.kill(primary);
          await eventually('both say that they are not ready', () => bothAre(503), RECOVERY_MS);
        });
        expect(await cluster.primary()).toBe(standby);
        revocations.push(await revocationMs());
        cluster.launch(primary);
      }
      await cluster.whole();
      return outcomeOf(running, revocations);
    },
  );

  fault(
    'primary-moved',
    'lose no acknowledged change where the primary is moved, and leave no connection behind on the node that is a standby now',
    { switchovers: 10 },
    async ({ switchovers }) => {
      const running = await startLoad();
      const revocations: number[] = [];
      for (let time = 0; time < switchovers; time++) {
        const { primary } = await cluster.whole();
        await breakAndRecover(running, () => cluster.switchOver());
        revocations.push(await revocationMs());
        await cluster.whole();
        await eventually(
          'nobody on the standby',
          async () => (await cluster.connectionsOn(primary)) === 0,
          RECOVERY_MS,
        );
      }
      return outcomeOf(running, revocations);
    },
  );

  fault(
    'etcd-lost',
    'take no change while nobody knows which node is primary, and go on by themselves',
    { outages: [3, 1] },
    async ({ outages }) => {
      const running = await startLoad();
      for (let outage = 0; outage < outages; outage++) {
        await cluster.whole();
        await breakAndRecover(running, async () => {
          await cluster.end('etcd', 'SIGKILL');
          // The primary cannot tell whether another one was made, and steps back.
          await eventually('both say that they are not ready', () => bothAre(503), RECOVERY_MS);
          cluster.startEtcd();
        });
      }
      return outcomeOf(running, []);
    },
  );

  fault(
    'pooler-restarted',
    'lose no acknowledged change with PgBouncer, and go on by themselves',
    { restarts: 10 },
    async ({ restarts }) => {
      const running = await startLoad();
      for (let restart = 0; restart < restarts; restart++) {
        await breakAndRecover(running, async () => {
          await cluster.end('pgbouncer', restart % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
          await sleep(200);
          cluster.startPgBouncer();
        });
      }
      return outcomeOf(running, []);
    },
  );

  it('have a log of events whose chains are whole', async () => {
    expect(await runCommand(['verify'], environment, home.path)).toMatchObject({ code: 0, stderr: '' });
  });

  it('are refused with one message where they are started against the standby', async () => {
    const { standby } = await cluster.whole();
    const url = cluster.urlOf(standby);
    const late = await RosterProcess.launch(home, { ...environment, DATABASE_URL: url, DATABASE_DIRECT_URL: url });
    expect(await late.exit()).toBe(1);
    expect(late.stderr).toMatch(/standby/);
  });

  it('send mails as before', async () => {
    await servers[1].api.post('/auth/register').send({ email: 'last@example.com', password: PASSWORD }).expect(202);
    await inbox.waitFor('last@example.com', 1, RECOVERY_MS);
  });
});
